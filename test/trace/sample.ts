/** Small traces made by hand, for ends that a healthy cluster does not come to. */
import { parseIp } from '../../src/base/ip.ts'
import { parseMac } from '../../src/base/mac.ts'
import { ONE } from '../../src/base/ratio.ts'
import type { Rule } from '../../src/netfilter/rule.ts'
import type { HookStep, Undecided } from '../../src/netfilter/run/hook.ts'
import type { End, Step } from '../../src/node/step.ts'
import { answerTo, tcpSyn } from '../../src/packet/first-packet.ts'
import type { Frame, Packet } from '../../src/packet/packet.ts'
import type { Exchange, Experience, Hop, Journey, Outcome, Path, Trace } from '../../src/trace/journey.ts'

export const CLIENT = parseIp('10.244.1.20')
export const SERVER = parseIp('10.244.2.9')

export const SYN: Packet = tcpSyn({ src: CLIENT, dst: SERVER, sport: 40_000, dport: 80 })

const MAC = parseMac('02:00:00:00:00:01')

export function frameOf(packet: Packet): Frame {
  return { src: MAC, dst: MAC, body: { kind: 'ip', packet } }
}

function receive(link: string, packet: Packet): Step {
  return { component: 'link', action: 'receive', link, frame: frameOf(packet), before: packet, after: packet }
}

export function ruleStep(rule: Rule, effect: 'drop' | 'reject', packet: Packet): Step {
  const skb = { packet, mark: 0 }
  const step: HookStep = {
    kind: 'rule',
    table: 'filter',
    chain: 'MINE',
    number: 3,
    rule,
    effect,
    before: skb,
    after: skb,
  }
  return { component: 'netfilter', hook: 'forward', step, before: packet, after: packet }
}

export function journeyOf(hops: readonly Hop[], outcome: Outcome, packet = SYN): Journey {
  const last = hops.at(-1)
  return { packet, hops: last ? [...hops.slice(0, -1), { ...last, outcome }] : [], outcome }
}

/** From the pod to node-1, where it ends so. */
export function journeyTo(outcome: Outcome, steps: readonly Step[] = []): Journey {
  return journeyOf(
    [
      { machine: 'shop/a', kind: 'pod', steps: [] },
      { machine: 'node-1', kind: 'node', from: 0, steps: [receive('veth1', SYN), ...steps] },
    ],
    outcome,
  )
}

export function traceOf(request: Journey, experience: Experience, reply?: Journey): Trace {
  const exchange: Exchange = { request, experience, sightings: [], ...(reply ? { reply } : {}) }
  const path: Path = { draws: [], probability: ONE, exchanges: [exchange] }
  const flow = { from: 'pod/a', to: '10.244.2.9:80', sender: 'shop/a', packet: SYN, at: 0 }
  return { flows: [flow], paths: [path], complete: true }
}

/** The answer to the SYN, from whoever got it. */
export function answerJourney(outcome: Outcome): Journey {
  const packet = answerTo(SYN)
  if (!packet) throw new Error('a SYN is answered')
  return journeyOf(
    [
      { machine: 'node-1', kind: 'node', steps: [] },
      { machine: 'shop/a', kind: 'pod', from: 0, steps: [receive('eth0', packet)] },
    ],
    outcome,
    packet,
  )
}

const RULE: Rule = {
  matches: [{ on: 'unknown', module: 'psd', text: '--psd-weight-threshold 21' }],
  target: { do: 'drop' },
}
const UNDECIDED: Undecided = {
  table: 'filter',
  chain: 'MINE',
  number: 3,
  rule: RULE,
  why: 'extension "psd" is not run',
}

/** One end of every kind: an object, so that a kind that is added is missed here at once. */
const ENDS: { readonly [K in End['kind']]: Extract<End, { kind: K }> } = {
  'dropped by rule': { kind: 'dropped by rule', why: 'MINE dropped it' },
  'rejected by rule': { kind: 'rejected by rule', why: 'MINE rejected it' },
  refused: { kind: 'refused', why: 'nothing listens on TCP port 80' },
  'no route': { kind: 'no route', why: 'no route fits', type: 'none' },
  'not forwarding': { kind: 'not forwarding', why: 'net.ipv4.ip_forward is 0' },
  'no neighbour': { kind: 'no neighbour', why: 'nobody on eth0 answers for 10.244.2.9' },
  'no forwarding entry': { kind: 'no forwarding entry', why: 'flannel.1 has no forwarding entry' },
  'not for this machine': { kind: 'not for this machine', why: 'eth0 has another MAC' },
  'reverse path': { kind: 'reverse path', why: 'there is no way back (rp_filter 1)' },
  martian: { kind: 'martian', why: 'the source is a loopback address' },
  'ttl exceeded': { kind: 'ttl exceeded', why: 'the packet came with a TTL of 1' },
  'too big': { kind: 'too big', why: 'the packet has 1500 bytes, eth0 carries 1400' },
  'bad vxlan': { kind: 'bad vxlan', why: 'no device has VNI 2' },
  bridge: { kind: 'bridge', why: 'hairpin is off on veth1' },
  'link down': { kind: 'link down', why: 'eth0 is down' },
  undecided: { kind: 'undecided', why: UNDECIDED.why, undecided: UNDECIDED },
  consumed: { kind: 'consumed', why: 'it went to all' },
}

export const ALL_ENDS: readonly End[] = Object.values(ENDS)

const OUTCOMES: { readonly [K in Outcome['kind']]: Extract<Outcome, { kind: K }> } = {
  delivered: { kind: 'delivered', machine: 'node-1', listener: { listens: 'yes' }, packet: SYN },
  ended: { kind: 'ended', machine: 'node-1', end: ENDS.consumed },
  left: { kind: 'left', machine: 'node-1', link: 'eth1', packet: SYN, why: 'nobody takes the frame' },
  loop: { kind: 'loop', why: 'after 1000 hops the packet is still on its way' },
}

export const ALL_OUTCOMES: readonly Outcome[] = Object.values(OUTCOMES)

const EXPERIENCES: { readonly [K in Experience]: K } = {
  answered: 'answered',
  refused: 'refused',
  'not permitted': 'not permitted',
  'host unreachable': 'host unreachable',
  'network unreachable': 'network unreachable',
  'message too long': 'message too long',
  'time exceeded': 'time exceeded',
  prohibited: 'prohibited',
  timeout: 'timeout',
  undecided: 'undecided',
  unknown: 'unknown',
}

export const ALL_EXPERIENCES: readonly Experience[] = Object.values(EXPERIENCES)
