/**
 * Chains of a listing.
 *
 * @module
 */
import { ParseError } from '../../base/error.ts'
import { formatNftChainHead } from './format.ts'
import { findNftPriority } from './priority.ts'
import type { NftBase, NftChain, NftFamily } from './rule.ts'
import { readNftRule } from './rule-reader.ts'

const COMMENT = /^comment "([^"]*)"$/
const BASE =
  /^type (filter|nat|route) hook ([a-z]+)(?: device "([^"]*)"| devices = \{ ([^{}]*) \})? priority ([^;]*);(?: policy (accept|drop);)?( flags offload;)?$/
const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting', 'ingress', 'egress'] as const

/**
 * A chain from the lines between its braces.
 *
 * @throws {ParseError} when the line that says by which hook it is called is malformed
 */
export function readNftChain(
  { name, handle }: Pick<NftChain, 'name' | 'handle'>,
  lines: readonly string[],
  family: NftFamily,
): NftChain {
  let at = 0
  const comment = COMMENT.exec(lines[at] ?? '')?.[1]
  if (comment !== undefined) at++
  const base = lines[at]?.startsWith('type ') ? readBase(lines[at] ?? '', family) : undefined
  if (base) at++
  const chain: NftChain = {
    name,
    ...(comment !== undefined && { comment }),
    ...(base && { base }),
    rules: lines.slice(at).map(readNftRule),
    ...(handle !== undefined && { handle }),
  }
  const head = lines.slice(0, at)
  const own = formatNftChainHead(chain, family)
  return own.every((line, i) => line === head[i]) && own.length === head.length ? chain : { ...chain, spelling: head }
}

function readBase(line: string, family: NftFamily): NftBase {
  const [, type, hook, device, devices, text = '', policy = 'accept', offload] = BASE.exec(line) ?? []
  const known = HOOKS.find(name => name === hook)
  const priority = findNftPriority(family, text)
  if (known === undefined || priority === undefined) {
    throw new ParseError('base chain', line, known === undefined ? 'not "type TYPE hook HOOK …"' : 'no priority')
  }
  const names = device === undefined ? devices?.split(', ').map(name => name.replaceAll('"', '')) : [device]
  return {
    type: type === 'nat' || type === 'route' ? type : 'filter',
    hook: known,
    priority,
    policy: policy === 'drop' ? policy : 'accept',
    ...(names && { devices: names }),
    ...(offload !== undefined && { offload: true as const }),
  }
}
