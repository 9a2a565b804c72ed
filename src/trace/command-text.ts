/**
 * Commands for the reader to try.
 *
 * @module
 */
import { visible } from '../base/visible.ts'
import type { ObjectMeta } from '../objects/meta.ts'
import type { TraceContext } from './context.ts'
import type { Failure } from './failure.ts'
import type { Flow } from './journey.ts'

/** The same question again, every rule of it. */
export function againCommand({ flow, index }: Failure, { input, options, questions }: TraceContext): string {
  const key = questions?.[index]?.destination.service?.key
  return `podwire trace ${inputOr(input)}${inputOr(options)}${quoteWord(sourceWord(flow))} ${quoteWord(targetWord(flow, key))} -v`
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

/**
 * `kubectl` on a live cluster, and podwire over what it was given.
 *
 * @param what words of the command, quoted where they are names
 */
export function getCommand(
  what: string,
  { namespace }: Pick<ObjectMeta, 'namespace'>,
  { input }: TraceContext,
): string {
  const within = namespace === undefined ? '' : ` -n ${quoteWord(namespace)}`
  return input === undefined ? `kubectl get ${what}${within}` : `podwire get ${what}${within} ${input}`
}

export function describeCommand(kind: string, { namespace, name }: Pick<ObjectMeta, 'namespace' | 'name'>): string {
  return `kubectl describe ${quoteWord(`${kind}/${name}`)}${namespace === undefined ? '' : ` -n ${quoteWord(namespace)}`}`
}

/** A command, and the machine on which it says something: a comment ends with its line, so the name has only one. */
export function onMachine(machine: string, command: string): string {
  return `${command}   # ${machine.includes('/') ? 'in pod' : 'on'} ${visible(machine)}`
}

function inputOr(input: string | undefined): string {
  return input === undefined ? '' : `${input} `
}

/** As a POSIX shell takes it for one word. @see Shell Command Language of POSIX.1-2024, section 2.2.2 */
export function quoteWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
