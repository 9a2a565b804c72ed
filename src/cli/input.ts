/**
 * The files that `-f` names.
 *
 * @module
 */
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { RefusedInput } from './exit.ts'
import type { Io } from './io.ts'

export interface InputFile {
  /** As the person would name it. */
  readonly name: string
  readonly text: string
  /** Given by name, not found in a folder: then it must hold Kubernetes objects. */
  readonly named: boolean
}

const ENDING = /\.(?:ya?ml|json)$/i

/**
 * Reads files, folders (recursively, hidden entries left out) and `-`, standard input.
 *
 * @throws {RefusedInput} for all that is missing, unreadable or not UTF-8 at once
 */
export async function readInput(paths: readonly string[], io: Io): Promise<readonly InputFile[]> {
  const files: InputFile[] = []
  const findings: string[] = []
  for (const path of paths) {
    try {
      if (path === '-') files.push({ name: 'standard input', text: decode(await io.input(), path), named: true })
      else files.push(...(await readPath(path)))
    } catch (cause) {
      findings.push(problemOf(path, cause as NodeJS.ErrnoException))
    }
  }
  if (findings.length > 0) throw new RefusedInput(findings)
  return files
}

async function readPath(path: string): Promise<readonly InputFile[]> {
  if (!(await stat(path)).isDirectory()) return [await readOne(path, true)]
  const found = await listFolder(path, new Set())
  if (found.length === 0) throw new RefusedInput([`${path}: no file ends in .yaml, .yml or .json`])
  return Promise.all(found.map(file => readOne(file, false)))
}

/** Sorted, so that the order does not depend on the file system; a folder reached twice through links is read once. */
async function listFolder(folder: string, seen: Set<string>): Promise<string[]> {
  const real = await realpath(folder)
  if (seen.has(real)) return []
  seen.add(real)
  const found: string[] = []
  for (const name of (await readdir(folder)).sort()) {
    if (name.startsWith('.')) continue
    const path = join(folder, name)
    if ((await stat(path)).isDirectory()) found.push(...(await listFolder(path, seen)))
    else if (ENDING.test(name)) found.push(path)
  }
  return found
}

async function readOne(path: string, named: boolean): Promise<InputFile> {
  return { name: path, text: decode(await readFile(path), path), named }
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new RefusedInput([`${path === '-' ? 'standard input' : path}: not UTF-8 text`])
  }
}

function problemOf(path: string, cause: NodeJS.ErrnoException): string {
  if (cause instanceof RefusedInput) return cause.message
  if (cause.code === 'ENOENT') return `${cause.path ?? path}: the path does not exist`
  if (cause.code === 'EACCES' || cause.code === 'EPERM') return `${cause.path ?? path}: no permission to read it`
  return `${cause.path ?? path}: ${cause.message}`
}
