/**
 * The words for machines of a lab: `pod/web-1`, `node/node-1`, `router`, `outside`, `beside/192.168.64.200`.
 *
 * @module
 */
import { listed } from '../trace/name-list.ts'
import { LabError } from './failure.ts'
import type { LabKind, LabMachine } from './lab.ts'

const KINDS: Readonly<Record<string, LabKind>> = {
  pod: 'pod',
  pods: 'pod',
  po: 'pod',
  node: 'node',
  nodes: 'node',
  no: 'node',
  beside: 'beside',
  router: 'router',
  outside: 'outside',
  switch: 'switch',
}
/** Of these there is one each. */
const ALONE: readonly LabKind[] = ['router', 'outside', 'switch']
const MOST_NAMED = 8

/**
 * @param namespace of pods that name none
 * @throws {LabError} with what there is, where there is no such machine
 */
export function findMachine(text: string, machines: readonly LabMachine[], namespace: string): LabMachine {
  const [word = '', ...rest] = text.split('/')
  const kind = Object.hasOwn(KINDS, word) ? KINDS[word] : undefined
  const found = machines.find(one => one.kind === kind && isNamed(one, rest, namespace))
  if (found) return found
  const near = machines.filter(one => one.kind === kind)
  const some = (near.length > 0 ? near : machines).map(one => wordFor(one, namespace))
  throw new LabError([`the lab has no machine "${text}"; there are ${listed(some.slice(0, MOST_NAMED), some.length)}`])
}

/** The pod that is meant, as `default/web-1`, whether it is there or not; nothing where another machine is meant. */
export function podMeant(text: string, namespace: string): string | undefined {
  const [word = '', ...rest] = text.split('/')
  if (!Object.hasOwn(KINDS, word) || KINDS[word] !== 'pod') return undefined
  const names = rest.length === 1 ? [namespace, ...rest] : rest
  return names.length === 2 ? names.join('/') : undefined
}

function isNamed({ kind, machine }: LabMachine, name: readonly string[], namespace: string): boolean {
  if (ALONE.includes(kind)) return name.length === 0
  if (kind === 'pod' && name.length === 1) return machine === `${namespace}/${name[0]}`
  return machine === name.join('/')
}

/** As {@link findMachine} takes it. */
export function wordFor({ kind, machine }: LabMachine, namespace: string): string {
  if (ALONE.includes(kind)) return kind
  const short = kind === 'pod' && machine.startsWith(`${namespace}/`) ? machine.slice(namespace.length + 1) : machine
  return `${kind}/${short}`
}
