/**
 * Names of routing tables.
 *
 * @see include/uapi/linux/rtnetlink.h of Linux: rt_class_t
 * @module
 */
import { equalIp, type Prefix } from '../base/ip.ts'
import type { Route } from '../host/host.ts'

const NAMES: ReadonlyMap<string, string> = new Map([
  ['255', 'local'],
  ['254', 'main'],
  ['253', 'default'],
])

/** One name for a table that goes by two. */
export function tableName(nameOrNumber: string): string {
  return NAMES.get(nameOrNumber) ?? nameOrNumber
}

export function tableOf({ table }: Route): string {
  return table === undefined ? 'main' : tableName(table)
}

export function samePrefix(a: Prefix, b: Prefix): boolean {
  return a.bits === b.bits && equalIp(a.base, b.base)
}
