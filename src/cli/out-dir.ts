/**
 * A folder of results that is there as a whole or not at all.
 *
 * @module
 */
import { rmSync } from 'node:fs'
import { lstat, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { RefusedInput } from './exit.ts'

/** Stands in every folder that podwire wrote, so that it never replaces somebody else's. */
const MARKER = '.podwire'

/** What the person is told of failures that lie with the machine, by the system's name for them. */
const PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: 'no permission to write there',
  EPERM: 'no permission to write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENOENT: 'no folder can be made there',
  EBUSY: 'it is in use, or a mount point, and cannot be replaced; give a folder below it',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is a file',
  EISDIR: 'a folder is where a file is to be',
}

/**
 * Puts `files` (path below `folder`, text) where `folder` is.
 *
 * They are written beside it first and moved in at the end: a failure or a signal leaves `folder` as it was and
 * nothing beside it. Files are taken one by one, so that they need not all be in memory.
 *
 * @returns how many files there are
 * @throws {RefusedInput} when `folder` cannot be written, is a file, or holds something that podwire did not write
 */
export async function replaceFolder(
  folder: string,
  files: Iterable<readonly [path: string, text: string]>,
): Promise<number> {
  const target = resolve(folder)
  try {
    const exists = await mayReplace(target, folder)
    await mkdir(dirname(target), { recursive: true })
    const staging = await mkdtemp(join(dirname(target), `.${basename(target)}-`))
    return await cleaningUp(staging, () => fill(target, staging, exists, files))
  } catch (cause) {
    throw refused('out', folder, cause)
  }
}

/**
 * Puts files into a folder that may hold others, and is made where it is not there.
 *
 * @param option that named the folder
 * @throws {RefusedInput} when it cannot be written
 */
export async function fillFolder(
  option: string,
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<void> {
  try {
    await makeFolder(resolve(folder))
    for (const [name, data] of Object.entries(files)) await writeFile(join(folder, name), data)
  } catch (cause) {
    throw refused(option, folder, cause)
  }
}

/** With all folders above it. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true })
  // Where no folder can be made, as in /proc, the recursive call of Node (20.20) never returns.
  await mkdir(folder).catch(async (cause: NodeJS.ErrnoException) => {
    const isThere = cause.code === 'EEXIST' && (await stat(folder)).isDirectory()
    if (!isThere) throw cause
  })
}

/** In words where it lies with the machine. */
function refused(option: string, folder: string, cause: unknown): unknown {
  const problem = PROBLEMS[(cause as NodeJS.ErrnoException).code ?? '']
  return problem ? new RefusedInput([`--${option} ${folder}: ${problem}`]) : cause
}

async function fill(
  target: string,
  staging: string,
  exists: boolean,
  files: Iterable<readonly [path: string, text: string]>,
): Promise<number> {
  const fresh = join(staging, 'new')
  await mkdir(fresh)
  await writeFile(join(fresh, MARKER), 'Written by podwire; the whole folder is replaced by the next run.\n')
  const made = new Set<string>()
  let count = 0
  for (const [path, text] of files) {
    const parent = dirname(join(fresh, path))
    if (!made.has(parent)) await mkdir(parent, { recursive: true })
    made.add(parent)
    await writeFile(join(fresh, path), text)
    count++
  }
  const old = join(staging, 'old')
  if (exists) await rename(target, old)
  await rename(fresh, target).catch(async cause => {
    if (exists) await rename(old, target)
    throw cause
  })
  return count
}

/** Runs `work` and removes the folder `staging` after it, also when a signal ends the program. */
async function cleaningUp<T>(staging: string, work: () => Promise<T>): Promise<T> {
  const stop = (signal: NodeJS.Signals) => {
    rmSync(staging, { recursive: true, force: true })
    process.kill(process.pid, signal) // the handler is gone by now: the signal does what it does
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    return await work()
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
    await rm(staging, { recursive: true, force: true })
  }
}

async function mayReplace(target: string, asGiven: string): Promise<boolean> {
  const found = await lstat(target).catch(() => undefined)
  if (!found) return false
  if (!found.isDirectory()) throw new RefusedInput([`--out ${asGiven}: it is there and is not a folder`])
  const inside = await readdir(target)
  if (inside.length > 0 && !inside.includes(MARKER)) {
    throw new RefusedInput([
      `--out ${asGiven}: it holds files that podwire did not write (no ${MARKER} in it); give another folder or remove it`,
    ])
  }
  return true
}
