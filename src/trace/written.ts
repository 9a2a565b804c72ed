/**
 * The words for machines and addresses: `[KIND/][NAMESPACE/]NAME[:PORT]`, `ADDRESS[:PORT]`,
 * `[IPV6]:PORT`, `ip:ADDRESS`.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { findIp } from '../base/ip.ts'

export type WrittenKind = 'pod' | 'svc' | 'node' | 'deploy' | 'sts' | 'ds' | 'rs' | 'job' | 'ip'

export interface Written {
  readonly text: string
  /** Absent: a bare name or an address. */
  readonly kind?: WrittenKind
  readonly namespace?: string
  readonly name: string
  readonly port?: string
}

/** As kubectl shortens them. */
const KINDS: Readonly<Record<string, WrittenKind>> = {
  pod: 'pod',
  pods: 'pod',
  po: 'pod',
  svc: 'svc',
  service: 'svc',
  services: 'svc',
  node: 'node',
  nodes: 'node',
  no: 'node',
  deploy: 'deploy',
  deployment: 'deploy',
  sts: 'sts',
  statefulset: 'sts',
  ds: 'ds',
  daemonset: 'ds',
  rs: 'rs',
  replicaset: 'rs',
  job: 'job',
}

/** @throws {ParseError} when a part is empty or there are too many */
export function parseWritten(text: string, what: string): Written {
  if (text.startsWith('ip:')) {
    const name = text.slice(3)
    if (findIp(name) === undefined) throw new ParseError(what, text, `"${name}" is no address`)
    return { text, kind: 'ip', name }
  }
  const { host, port } = splitPort(text, what)
  const words = host.split('/')
  const [first = '', second, third] = words
  if (words.includes('') || words.length > 3)
    throw new ParseError(what, text, 'write it as KIND/NAME, NAMESPACE/NAME or an address')
  const known = Object.hasOwn(KINDS, first) ? KINDS[first] : undefined
  const ported = port === undefined ? {} : { port }
  if (second === undefined) return { text, name: first, ...ported }
  if (third === undefined) {
    return known ? { text, kind: known, name: second, ...ported } : { text, namespace: first, name: second, ...ported }
  }
  if (!known) throw new ParseError(what, text, `"${first}" is none of ${[...new Set(Object.values(KINDS))].join(', ')}`)
  return { text, kind: known, namespace: second, name: third, ...ported }
}

function splitPort(text: string, what: string): { readonly host: string; readonly port?: string } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text)
  const [host = '', port] = bracketed ? bracketed.slice(1) : findIp(text) === undefined ? splitAtColon(text) : [text]
  if (host === '' || port === '')
    throw new ParseError(what, text, host === '' ? 'nothing is named' : 'no port after the colon')
  return port === undefined ? { host } : { host, port }
}

function splitAtColon(text: string): readonly string[] {
  const at = text.lastIndexOf(':')
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

/** @throws {ParseError} */
export function portNumber(port: string, text: string): number {
  const number = Number(port)
  if (number < 1 || number > 65535) throw new ParseError('destination', text, 'a port is 1 to 65535')
  return number
}
