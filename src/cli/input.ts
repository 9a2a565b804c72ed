/**
 * The files that `-f` names.
 *
 * @module
 */
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Io } from './io.ts'

export interface InputFile {
  /** As the person would name it. */
  readonly name: string
  readonly text: string
  /** Given by name, not found in a folder: then it must hold Kubernetes objects. */
  readonly named: boolean
}

export interface Input {
  readonly files: readonly InputFile[]
  /** Files and folders that could not be read, and why. */
  readonly failures: readonly InputFailure[]
  /** Folders that were passed over, and why. */
  readonly notes: readonly string[]
}

export interface InputFailure {
  readonly name: string
  readonly problem: string
}

const ENDING = /\.(?:ya?ml|json)$/i

/** Folders whose files are material for another tool, by a file that gives them away. */
const RENDERED_BY: readonly { readonly name: RegExp; readonly what: string; readonly command: string }[] = [
  { name: /^kustomization\.ya?ml$|^Kustomization$/, what: 'a kustomization', command: 'kubectl kustomize' },
  { name: /^Chart\.yaml$/, what: 'a Helm chart', command: 'helm template' },
]

/**
 * Reads files, folders (recursively, hidden entries and node_modules left out) and `-`, standard input.
 *
 * Kustomizations and Helm charts are named with the command that renders them: refused when they are
 * what was asked for, passed over when they are somewhere below.
 */
export async function readInput(paths: readonly string[], io: Io): Promise<Input> {
  const input: Draft = { files: [], failures: [], notes: [] }
  for (const path of paths) {
    try {
      if (path === '-') await readOne('standard input', io.input, true, input)
      else await readPath(path, input)
    } catch (cause) {
      input.failures.push({ name: pathIn(cause, path), problem: problemOf(cause) })
    }
  }
  return input
}

/** What could not be read, a line each. */
export function formatFailures({ failures }: Input): readonly string[] {
  return failures.map(({ name, problem }) => `${name}: ${problem}`)
}

interface Draft {
  readonly files: InputFile[]
  readonly failures: InputFailure[]
  readonly notes: string[]
}

async function readPath(path: string, input: Draft): Promise<void> {
  if (!(await stat(path)).isDirectory()) {
    await readOne(path, () => readFile(path), true, input)
    return
  }
  const listing: Listing = { found: [], foreign: [], seen: new Set() }
  await listFolder(path, listing)
  const { found, foreign } = listing
  const [first] = foreign
  if (found.length === 0) {
    input.failures.push(first ?? { name: path, problem: 'no file ends in .yaml, .yml or .json' })
    return
  }
  input.notes.push(...foreign.map(({ name, problem }) => `${name}: ${problem}; passed over`))
  for (const file of found) await readOne(file, () => readFile(file), false, input)
}

interface Listing {
  readonly found: string[]
  /** What other tools must render first. */
  readonly foreign: InputFailure[]
  readonly seen: Set<string>
}

/** Sorted, so that the order does not depend on the file system; a folder reached twice through links is read once. */
async function listFolder(folder: string, listing: Listing): Promise<void> {
  const real = await realpath(folder)
  if (listing.seen.has(real)) return
  listing.seen.add(real)
  const names = (await readdir(folder)).sort()
  const tool = RENDERED_BY.find(({ name }) => names.some(one => name.test(one)))
  if (tool) {
    const problem = `${tool.what}, to be rendered first: ${tool.command} ${folder} | podwire … -f -`
    listing.foreign.push({ name: folder, problem })
    return
  }
  for (const name of names) {
    if (name.startsWith('.') || name === 'node_modules') continue
    const path = join(folder, name)
    if ((await stat(path)).isDirectory()) await listFolder(path, listing)
    else if (ENDING.test(name)) listing.found.push(path)
  }
}

async function readOne(name: string, read: () => Promise<Uint8Array>, named: boolean, input: Draft): Promise<void> {
  try {
    input.files.push({ name, text: new TextDecoder('utf-8', { fatal: true }).decode(await read()), named })
  } catch (cause) {
    input.failures.push({ name, problem: problemOf(cause) })
  }
}

function problemOf(cause: unknown): string {
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'the path does not exist'
    case 'EACCES':
    case 'EPERM':
      return 'no permission to read it'
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'not UTF-8 text'
    default:
      return (cause as Error).message
  }
}

/** The path that the system complained of, which may be below the one that was asked for. */
function pathIn(cause: unknown, asked: string): string {
  return (cause as NodeJS.ErrnoException).path ?? asked
}
