/**
 * Commands for the reader to try.
 *
 * @module
 */
import type { ObjectMeta } from '../objects/meta.ts'
import type { TraceContext } from './context.ts'
import type { Flow } from './journey.ts'

/** The same question again, every rule of it. */
export function againCommand({ from, to }: Flow, { input }: TraceContext): string {
  return `podwire trace ${inputOr(input)}${quoted(from)} ${quoted(to)} -v`
}

/** `kubectl` on a live cluster, and podwire over what it was given. */
export function getCommand(
  what: string,
  { namespace }: Pick<ObjectMeta, 'namespace'>,
  { input }: TraceContext,
): string {
  const within = namespace === undefined ? '' : ` -n ${namespace}`
  return input === undefined ? `kubectl get ${what}${within}` : `podwire get ${what}${within} ${input}`
}

export function describeCommand(kind: string, { namespace, name }: Pick<ObjectMeta, 'namespace' | 'name'>): string {
  return `kubectl describe ${kind}/${name}${namespace === undefined ? '' : ` -n ${namespace}`}`
}

/** A command, and the machine on which it says something. */
export function onMachine(machine: string, command: string): string {
  return `${command}   # on ${machine}`
}

function inputOr(input: string | undefined): string {
  return input === undefined ? '' : `${input} `
}

/** Safe to paste into a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(word) && !/[[\]]/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
