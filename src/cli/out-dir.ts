/**
 * A folder of results that is there as a whole or not at all.
 *
 * @module
 */
import { lstat, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { RefusedInput } from './exit.ts'

/** Stands in every folder that podwire wrote, so that it never replaces somebody else's. */
const MARKER = '.podwire'

/**
 * Puts `files` (path below `folder` → text) where `folder` is.
 *
 * They are written beside it first and moved in at the end: a failure leaves `folder` as it was.
 *
 * @throws {RefusedInput} when `folder` is a file, or holds something that podwire did not write
 */
export async function replaceFolder(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  const target = resolve(folder)
  const exists = await mayReplace(target, folder)
  await mkdir(dirname(target), { recursive: true })
  const staging = await mkdtemp(join(dirname(target), `.${basename(target)}-`))
  try {
    const fresh = join(staging, 'new')
    await mkdir(fresh)
    await writeFile(join(fresh, MARKER), 'Written by podwire; the whole folder is replaced by the next run.\n')
    const made = new Set<string>()
    for (const [path, text] of files) {
      const parent = dirname(join(fresh, path))
      if (!made.has(parent)) await mkdir(parent, { recursive: true })
      made.add(parent)
      await writeFile(join(fresh, path), text)
    }
    const old = join(staging, 'old')
    if (exists) await rename(target, old)
    await rename(fresh, target).catch(async cause => {
      if (exists) await rename(old, target)
      throw cause
    })
  } finally {
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
