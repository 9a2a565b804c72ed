/**
 * Commands for the reader to try.
 *
 * @module
 */
import type { ObjectMeta } from '../objects/meta.ts'
import type { TraceContext } from './context.ts'
import type { Failure } from './failure.ts'
import type { Flow } from './journey.ts'

/** The same question again, every rule of it. */
export function againCommand({ flow, index }: Failure, { input, questions }: TraceContext): string {
  const key = questions?.[index]?.destination.service?.key
  return `podwire trace ${inputOr(input)}${quoted(sourceWord(flow))} ${quoted(targetWord(flow, key))} -v`
}

/** A pod with its namespace, which whoever asks again need not say then. */
function sourceWord({ from, sender }: Flow): string {
  return sender.includes('/') ? sender : from
}

/** `svc/shop/web:http` for `svc/web:http` */
function targetWord({ to }: Flow, key: string | undefined): string {
  const [, name] = key?.split('/') ?? []
  return key !== undefined && name !== undefined && to.startsWith(`svc/${name}`)
    ? `svc/${key}${to.slice(4 + name.length)}`
    : to
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
  return `${command}   # ${machine.includes('/') ? 'in pod' : 'on'} ${machine}`
}

function inputOr(input: string | undefined): string {
  return input === undefined ? '' : `${input} `
}

/** Safe to paste into a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(word) && !/[[\]]/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
