/**
 * Who sends: from what a person writes (`pod/a`, `node/node-1`, `ip:203.0.113.7`) to a machine.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { findIp, formatIp, type Ip, isLoopback, parseIp } from '../base/ip.ts'
import { keyOf } from '../objects/meta.ts'
import { type Pod, podAddressesOf } from '../objects/pod.ts'
import { absent, type Directory, findPod } from './directory.ts'
import { thereAre } from './name-list.ts'
import { ROUTER } from './station.ts'
import { parseWritten, type Written } from './written.ts'

/** Who sends. */
export interface Source {
  readonly label: string
  readonly machine: string
  /** Absent: the machine chooses. */
  readonly ip?: Ip
  /** The namespace in which its names are looked up. */
  readonly namespace: string
  readonly where: 'pod' | 'node' | 'outside'
  /** Whose files say how its names are looked up. */
  readonly pod?: Pod
}

/** @throws {ParseError} when it is nothing that could send, or nothing of that name is there */
export function findSource(text: string, directory: Directory): Source {
  const written = parseWritten(text, 'source')
  if (written.port !== undefined) throw new ParseError('source', text, 'a source has no port; --sport gives one')
  if (written.kind === 'ip') return clientOutside(parseIp(written.name), written, directory)
  const ip = findIp(written.name)
  if (written.kind === 'svc') throw new ParseError('source', text, 'a Service sends nothing; name one of its pods')
  if (ip !== undefined && isLoopback(ip)) {
    throw new ParseError(
      'source',
      text,
      'which machine? write node/NAME or pod/NAME; to loopback addresses they send from one',
    )
  }
  if (ip !== undefined && written.kind === undefined) {
    const holder = directory.holderOf(ip)
    return holder === undefined || holder === ROUTER
      ? outsideSource(ip, written, directory)
      : { ...machineSource(holder, directory), ip }
  }
  if (written.kind === 'node') return nodeSource(written, directory)
  const pod = findPod(written, directory)
  if (pod) return podSource(pod)
  if (written.kind === undefined && directory.nodes.includes(written.name)) return nodeSource(written, directory)
  throw new ParseError('source', text, absent(written, directory))
}

/** @throws {ParseError} when somebody inside has the address */
function clientOutside(ip: Ip, written: Written, directory: Directory): Source {
  const holder = directory.holderOf(ip)
  if (holder === undefined) return outsideSource(ip, written, directory)
  throw new ParseError('source', written.text, `${holder} has that address; a client outside has another`)
}

function outsideSource(ip: Ip, { text }: Written, { namespace }: Directory): Source {
  return { label: text, machine: formatIp(ip), ip, namespace, where: 'outside' }
}

/** A machine that has the address of a node or pod. */
function machineSource(machine: string, directory: Directory): Source {
  const [namespace = '', name] = machine.split('/')
  if (name === undefined || directory.nodes.includes(machine)) {
    return { label: `node/${machine}`, machine, namespace: directory.namespace, where: 'node' }
  }
  const pod = findPod({ text: machine, kind: 'pod', namespace, name }, directory)
  return {
    label: `pod/${name}`,
    machine,
    namespace,
    where: 'pod',
    ...(pod ? { pod } : {}),
  }
}

function nodeSource({ name, text }: Written, directory: Directory): Source {
  if (!directory.nodes.includes(name))
    throw new ParseError('source', text, `there is no such node; ${thereAre(directory.nodes)}`)
  return { label: `node/${name}`, machine: name, namespace: directory.namespace, where: 'node' }
}

function podSource(pod: Pod): Source {
  const { metadata, spec } = pod
  const node = spec.nodeName
  const label = `pod/${metadata.name}`
  const namespace = metadata.namespace ?? 'default'
  if (!node || podAddressesOf(pod).length === 0) {
    throw new ParseError('source', label, `the pod does not run: ${pod.status?.phase ?? 'Pending'}, no address`)
  }
  // A pod on its node's network sends as the node does.
  if (spec.hostNetwork) return { label, machine: node, namespace, where: 'node', pod }
  return { label, machine: keyOf(metadata), namespace, where: 'pod', pod }
}
