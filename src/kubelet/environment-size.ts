/**
 * How much of an environment the kernel takes.
 *
 * @module
 */
import { byteLength } from '../objects/metadata-validation.ts'
import { formatOrigin, type Remark, type Variable } from './variable.ts'

/** Bytes of one `NAME=VALUE` with its end. @see include/uapi/linux/binfmts.h of Linux: MAX_ARG_STRLEN */
export const MAX_STRING = 131_072

/**
 * Bytes of all arguments and variables with a pointer to each: a quarter of the usual stack of 8 MiB.
 *
 * @see fs/exec.c of Linux: bprm_stack_limits
 */
export const MAX_TOTAL = 2_097_152

const POINTER = 8

/** From this part of a limit on, there is a warning. */
const NEAR = 0.75

/** How large an environment is. */
export interface EnvironmentSize {
  /** As the kernel counts: each `NAME=VALUE`, its end and a pointer to it. */
  readonly bytes: number
  /** Bytes that are the Services'. */
  readonly ofServices: number
}

/** Bytes of `NAME=VALUE` with its end. */
export function stringBytes({ name, value = '' }: Pick<Variable, 'name' | 'value'>): number {
  return bytesOf(name) + 1 + bytesOf(value) + 1
}

/** Nearly all variables are ASCII, where bytes need no counting. */
function bytesOf(text: string): number {
  return BEYOND_ASCII.test(text) ? byteLength(text) : text.length
}

const BEYOND_ASCII = /[^\0-\x7f]/

/** Whether so many letters could be that many bytes. */
function mayReach(bytes: number, { name, value = '' }: Variable): boolean {
  return (name.length + value.length) * MAX_UTF8 + 2 >= bytes
}

/** Bytes that one UTF-16 unit takes at most. */
const MAX_UTF8 = 3

/** What is not known counts as empty. */
export function environmentSize(variables: readonly Variable[]): EnvironmentSize {
  let bytes = 0
  let ofServices = 0
  for (const variable of variables) {
    const own = stringBytes(variable) + POINTER
    bytes += own
    if (variable.origin.source.from === 'Service') ofServices += own
  }
  return { bytes, ofServices }
}

/** What no kernel takes: the container's program is not started, `argument list too long`. */
export function sizeObstacles(variables: readonly Variable[], { bytes, ofServices }: EnvironmentSize): Remark[] {
  const code = 'ArgumentListTooLong'
  const long = variables.filter(variable => mayReach(MAX_STRING, variable))
  const tooLong = long.flatMap((variable): Remark[] => {
    const own = stringBytes(variable)
    if (own <= MAX_STRING) return []
    const { name, origin } = variable
    const message = `argument list too long: ${name} (${formatOrigin(origin)}) takes ${count(own)} bytes; Linux takes ${count(MAX_STRING)} of one variable`
    return [{ code, variable: name, message }]
  })
  if (bytes <= MAX_TOTAL) return tooLong
  return [
    ...tooLong,
    {
      code,
      message: `argument list too long: all variables take ${count(bytes)} bytes, of which Services' ${count(ofServices)}; Linux takes ${count(MAX_TOTAL)} with the arguments${links(ofServices, bytes)}`,
    },
  ]
}

/** What the kernel still takes, but not much more of. */
export function sizeWarnings(variables: readonly Variable[], { bytes, ofServices }: EnvironmentSize): Remark[] {
  const code = 'EnvironmentNearLimit'
  const near = variables.filter(variable => mayReach(MAX_STRING * NEAR, variable))
  const long = near.flatMap((variable): Remark[] => {
    const own = stringBytes(variable)
    if (own > MAX_STRING || own < MAX_STRING * NEAR) return []
    const message = `${variable.name} takes ${count(own)} bytes; Linux takes ${count(MAX_STRING)} of one variable`
    return [{ code, variable: variable.name, message }]
  })
  if (bytes > MAX_TOTAL || bytes < MAX_TOTAL * NEAR) return long
  const message = `all variables take ${count(bytes)} bytes, of which Services' ${count(ofServices)}; Linux takes ${count(MAX_TOTAL)} with the arguments${links(ofServices, bytes)}`
  return [...long, { code, message }]
}

function links(ofServices: number, bytes: number): string {
  return ofServices > bytes / 2 ? '; enableServiceLinks: false leaves out those of the namespace' : ''
}

/** `131,072` */
export function count(amount: number): string {
  return `${amount}`.replace(/\B(?=(?:\d{3})+$)/g, ',')
}
