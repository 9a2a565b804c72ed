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

export interface Input {
  readonly files: readonly InputFile[]
  /** Folders that were passed over, and why. */
  readonly notes: readonly string[]
}

const ENDING = /\.(?:ya?ml|json)$/i

/** Folders whose files are material for another tool, by a file that gives them away. */
const RENDERED_BY: readonly { readonly name: RegExp; readonly what: string; readonly command: string }[] = [
  { name: /^kustomization\.ya?ml$|^Kustomization$/, what: 'a kustomization', command: 'kubectl kustomize' },
  { name: /^Chart\.yaml$/, what: 'a Helm chart', command: 'helm template' },
]

/**
 * Reads files, folders (recursively, hidden entries left out) and `-`, standard input.
 *
 * Kustomizations and Helm charts are named with the command that renders them: refused when they are
 * what was asked for, passed over when they are somewhere below.
 *
 * @throws {RefusedInput} for all that is missing, unreadable or not UTF-8 at once
 */
export async function readInput(paths: readonly string[], io: Io): Promise<Input> {
  const files: InputFile[] = []
  const notes: string[] = []
  const findings: string[] = []
  for (const path of paths) {
    try {
      if (path === '-') files.push({ name: 'standard input', text: decode(await io.input(), path), named: true })
      else files.push(...(await readPath(path, notes)))
    } catch (cause) {
      findings.push(problemOf(path, cause as NodeJS.ErrnoException))
    }
  }
  if (findings.length > 0) throw new RefusedInput(findings)
  return { files, notes }
}

async function readPath(path: string, notes: string[]): Promise<readonly InputFile[]> {
  if (!(await stat(path)).isDirectory()) return [await readOne(path, true)]
  const found: string[] = []
  const foreign: string[] = []
  await listFolder(path, { found, foreign, seen: new Set() })
  if (found.length === 0) {
    throw new RefusedInput([foreign[0] ?? `${path}: no file ends in .yaml, .yml or .json`])
  }
  notes.push(...foreign.map(one => `${one}; passed over`))
  return Promise.all(found.map(file => readOne(file, false)))
}

interface Listing {
  readonly found: string[]
  /** What other tools must render first. */
  readonly foreign: string[]
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
    listing.foreign.push(`${folder}: ${tool.what}, to be rendered first: ${tool.command} ${folder} | podwire … -f -`)
    return
  }
  for (const name of names) {
    if (name.startsWith('.')) continue
    const path = join(folder, name)
    if ((await stat(path)).isDirectory()) await listFolder(path, listing)
    else if (ENDING.test(name)) listing.found.push(path)
  }
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
