/**
 * What a lab calls its things: namespaces, folders, and the mark that its processes carry.
 *
 * @module
 */
import { digestName } from '../base/digest.ts'
import { ParseError } from '../base/error.ts'
import type { LabKind } from './lab.ts'

/** Where the state of all labs is, a folder each. */
export const RUN_FOLDER = '/run/podwire'

/** The variable in the environment of every process of a lab: its id. */
export const LAB_MARK = 'PODWIRE_LAB'

/** The variable in the environment of tools that tell a verification what kernels do. */
export const WATCH_MARK = 'PODWIRE_LAB_WATCH'

const ID = /^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$/

/** Bytes of a namespace's name, which is a file's. @see NAME_MAX of Linux */
const MOST_BYTES = 255
/** Characters of the digest that ends a name which would be longer; 60 bits. */
const DIGEST = 12

/** @throws {ParseError} unless it can be part of the names of namespaces and folders */
export function parseLabId(text: string): string {
  if (!ID.test(text))
    throw new ParseError('lab id', text, '1 to 20 of a-z, 0-9 and -, of which - is neither first nor last')
  return text
}

export function labFolder(id: string): string {
  return `${RUN_FOLDER}/${id}`
}

/** What the names of all namespaces of a lab begin with, and of no other lab. */
export function namespacePrefix(id: string): string {
  return `podwire.${id}.`
}

/**
 * The network namespace of a machine: `podwire.demo.pod.default.web-1`, `podwire.demo.router`.
 *
 * @param name of the machine among those of its kind: `node-1`, `default/web-1`, an address; absent for the only one
 */
export function namespaceOf(id: string, kind: LabKind, name?: string): string {
  const parts = [kind, ...(name === undefined ? [] : [wordOf(kind, name)])]
  const whole = namespacePrefix(id) + parts.join('.')
  if (whole.length <= MOST_BYTES) return whole
  return digestName(`${whole.slice(0, MOST_BYTES - DIGEST - 1)}-`, whole, DIGEST).toLowerCase()
}

/** A namespace and a name are told apart by a dot, as only the latter has any; an address is one word. */
function wordOf(kind: LabKind, name: string): string {
  return kind === 'beside' ? name.replaceAll(/[.:]/g, '-') : name.replaceAll('/', '.')
}

/**
 * What the environment of a lab's processes says of it.
 *
 * @param namespace for the lock that legacy iptables takes: without its own it would be the machine's. Rules of two
 * namespaces have nothing to do with each other.
 */
export function labEnvironment(id: string, namespace?: string): Readonly<Record<string, string>> {
  return { [LAB_MARK]: id, XTABLES_LOCKFILE: `${labFolder(id)}/${LOCKS}/${namespace ?? 'machine'}` }
}

/** The folder of locks in that of a lab. */
export const LOCKS = 'locks'
