/**
 * Archives that a kernel unpacks into its first file system.
 *
 * @see Documentation/driver-api/early-userspace/buffer-format.rst of Linux
 * @module
 */

/** What stands in an archive, by its path without a leading slash. Folders come before what is in them. */
export type Entry =
  | { readonly path: string; readonly is: 'folder' }
  | { readonly path: string; readonly is: 'file'; readonly content: Uint8Array; readonly executable?: boolean }
  | { readonly path: string; readonly is: 'link'; readonly to: string }
  | { readonly path: string; readonly is: 'character device'; readonly major: number; readonly minor: number }

const FOLDER = 0o040_755
const FILE = 0o100_644
const PROGRAM = 0o100_755
const LINK = 0o120_777
const DEVICE = 0o020_600

/**
 * An archive of form `newc`, everything in it owned by root. Several, one behind the other, are one archive to a kernel;
 * what comes later counts.
 *
 * @throws {RangeError} for a path that begins with a slash
 */
export function archive(entries: Iterable<Entry>): Buffer {
  const parts: Uint8Array[] = []
  let number = 1
  for (const entry of entries) {
    if (entry.path.startsWith('/')) throw new RangeError(`Cannot archive "${entry.path}": it begins with a slash`)
    parts.push(...member(entry.path, number++, modeOf(entry), contentOf(entry), deviceOf(entry)))
  }
  parts.push(...member('TRAILER!!!', 0, 0, EMPTY, [0, 0]))
  return Buffer.concat(parts)
}

/** The folders that lead to these paths, each once, the outer ones first. */
export function foldersOf(paths: Iterable<string>): Entry[] {
  const folders = new Set<string>()
  for (const path of paths) {
    const names = path.split('/')
    for (let depth = 1; depth < names.length; depth++) folders.add(names.slice(0, depth).join('/'))
  }
  return [...folders].map(path => ({ path, is: 'folder' }))
}

const EMPTY = new Uint8Array()

function modeOf(entry: Entry): number {
  switch (entry.is) {
    case 'folder':
      return FOLDER
    case 'file':
      return entry.executable ? PROGRAM : FILE
    case 'link':
      return LINK
    case 'character device':
      return DEVICE
  }
}

function contentOf(entry: Entry): Uint8Array {
  if (entry.is === 'file') return entry.content
  return entry.is === 'link' ? Buffer.from(entry.to) : EMPTY
}

function deviceOf(entry: Entry): readonly [major: number, minor: number] {
  return entry.is === 'character device' ? [entry.major, entry.minor] : [0, 0]
}

/** A header of numbers in eight hexadecimal digits, the name and the content, each filled up to a multiple of four. */
function member(
  path: string,
  number: number,
  mode: number,
  content: Uint8Array,
  [major, minor]: readonly [number, number],
): Uint8Array[] {
  const name = Buffer.from(`${path}\0`)
  const fields = [number, mode, 0, 0, mode === FOLDER ? 2 : 1, 0, content.length, 0, 0, major, minor, name.length, 0]
  const header = Buffer.from(`070701${fields.map(field => field.toString(16).padStart(8, '0')).join('')}`)
  return [header, name, fill(header.length + name.length), content, fill(content.length)]
}

function fill(length: number): Uint8Array {
  return new Uint8Array(-length & 3)
}
