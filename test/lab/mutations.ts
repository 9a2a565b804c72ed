/** Single changes of what was seen of a flow, each of which a comparison must notice. */
import { addIp } from '../../src/base/ip.ts'
import type { Difference } from '../../src/lab/agreement.ts'
import type { MachineSight, Observation, PacketSight, RuleSight } from '../../src/lab/observation.ts'
import { isIcmp, isTcp, type Packet, type Payload, TCP_FLAG } from '../../src/packet/packet.ts'
import { decodeVxlan, encodeVxlan } from '../../src/packet/vxlan.ts'
import { VXLAN_PORTS, withSight } from './observation-of.ts'

export interface Mutation {
  readonly name: string
  /** As what it is to be told. */
  readonly what: Difference['what']
  /** The changed observation, one of several by `pick`; nothing: there is nothing of the kind to change. */
  readonly change: (seen: Observation, pick: number) => Observation | undefined
}

function ofList<T>(
  key: 'rules' | 'packets',
  applies: (one: T) => boolean,
  change: (list: readonly T[], at: number) => readonly T[] | undefined,
) {
  return (seen: Observation, pick: number): Observation | undefined => {
    const places = [...seen.machines].flatMap(([machine, sight]) =>
      (sight[key] as readonly unknown[]).flatMap((one, at) => (applies(one as T) ? [{ machine, at }] : [])),
    )
    const place = places[pick % places.length]
    if (!place) return undefined
    const list = change((seen.machines.get(place.machine)?.[key] ?? []) as unknown as readonly T[], place.at)
    return list && withSight(seen, place.machine, sight => ({ ...sight, [key]: list }) as MachineSight)
  }
}

/** The next one behind that is of the same sort and not the same. */
function swapped<T>(list: readonly T[], at: number, applies: (one: T) => boolean, text: (one: T) => string) {
  const own = list[at]
  const other = list.findIndex((one, i) => i > at && applies(one))
  const next = list[other]
  if (own === undefined || next === undefined || text(own) === text(next)) return undefined
  return list.map((one, i) => (i === at ? next : i === other ? own : one))
}

function rule(name: string, change: (one: RuleSight) => readonly RuleSight[]): Mutation {
  const edit = (list: readonly RuleSight[], at: number) => list.flatMap((one, i) => (i === at ? change(one) : [one]))
  return { name, what: 'rules', change: ofList('rules', isRule, edit) }
}

const isRule = ({ number }: RuleSight) => number !== 'policy'
const ruleText = ({ family, table, chain, number }: RuleSight) => `${family} ${table} ${chain} ${number}`

function sight(
  name: string,
  change: (one: PacketSight) => readonly PacketSight[],
  applies = (_: PacketSight) => true,
): Mutation {
  const edit = (list: readonly PacketSight[], at: number) => list.flatMap((one, i) => (i === at ? change(one) : [one]))
  return { name, what: 'packet', change: ofList('packets', applies, edit) }
}

function packet(name: string, change: (packet: Packet) => Packet, applies = (_: Packet) => true): Mutation {
  return sight(
    name,
    one => [{ ...one, packet: change(one.packet) }],
    one => applies(one.packet),
  )
}

function payload(
  name: string,
  applies: (payload: Payload) => boolean,
  change: (payload: Payload) => Payload,
): Mutation {
  const whole = (one: Packet) => !one.fragment && applies(one.payload)
  return packet(name, one => ({ ...one, payload: change(one.payload) }), whole)
}

const number = ({ number }: RuleSight, by: number) => (number === 'policy' ? number : number + by)
const isOuter = (one: Payload) => 'data' in one && 'dport' in one && VXLAN_PORTS.includes(one.dport)
const hasPorts = (one: Payload) => 'dport' in one
const isDevice = ({ in: input, out }: PacketSight) => (input ?? out ?? '') !== ''
const packetText = ({ hook, packet: { src, dst, ttl, payload } }: PacketSight) =>
  `${hook} ${JSON.stringify([src, dst, ttl])} ${'flags' in payload ? payload.flags : payload.protocol}`

function innerOf(change: (packet: Packet) => Packet) {
  return (one: Payload): Payload => {
    if (!('data' in one) || !('dport' in one)) return one
    const { vni, frame } = decodeVxlan(one.data)
    if (frame.body.kind !== 'ip') return one
    const body = { ...frame.body, packet: change(frame.body.packet) }
    return { ...one, data: encodeVxlan({ vni, frame: { ...frame, body } }) } as Payload
  }
}

export const MUTATIONS: readonly Mutation[] = [
  rule('a rule did not match', () => []),
  rule('a rule matched twice', one => [one, one]),
  rule('the rule behind matched', one => [{ ...one, number: number(one, 1) }]),
  rule('the rule before matched', one => [{ ...one, number: number(one, -1) }]),
  rule('a rule of another chain matched', one => [{ ...one, chain: `${one.chain}X` }]),
  rule('a rule of another table matched', one => [{ ...one, table: one.table === 'nat' ? 'filter' : 'nat' }]),
  rule('a rule of the other family matched', one => [{ ...one, family: one.family === 4 ? 6 : 4 }]),
  {
    name: 'two rules matched the other way round',
    what: 'rules',
    change: ofList('rules', isRule, (list, at) => swapped(list, at, isRule, ruleText)),
  },
  {
    name: 'a rule of a machine that it never came to matched',
    what: 'rules',
    change: seen => {
      const [first] = [...seen.machines.values()].flatMap(({ rules }) => rules.filter(isRule))
      return first && withSight(seen, 'stranger', one => ({ ...one, rules: [first] }))
    },
  },
  sight('a packet did not come by', () => []),
  sight('a packet came by twice', one => [one, one]),
  sight('a packet was seen at another hook', one => [{ ...one, hook: one.hook === 'input' ? 'output' : 'input' }]),
  {
    name: 'two packets came by the other way round',
    what: 'packet',
    change: ofList(
      'packets',
      () => true,
      (list: readonly PacketSight[], at) => swapped(list, at, () => true, packetText),
    ),
  },
  {
    name: 'another machine saw a packet',
    what: 'packet',
    change: (seen, pick) => {
      const all = [...seen.machines.values()].flatMap(({ packets }) => packets)
      const one = all[pick % all.length]
      return one && withSight(seen, 'stranger', sight => ({ ...sight, packets: [one] }))
    },
  },
  sight('a mark was set', one => [{ ...one, mark: one.mark ^ 0x4000 }]),
  sight('a mark in the highest bit', one => [{ ...one, mark: one.mark ^ 0x80000000 }]),
  packet('TTL one less', one => ({ ...one, ttl: one.ttl - 1 })),
  packet('TTL one more', one => ({ ...one, ttl: one.ttl + 1 })),
  packet('congestion experienced', one => ({ ...one, tos: one.tos ^ 3 })),
  packet('another class of service', one => ({ ...one, tos: one.tos ^ 0x40 })),
  packet(
    '"don\'t fragment" is otherwise',
    one => ({ ...one, df: !one.df }),
    one => one.family === 4,
  ),
  packet(
    'a fragment',
    one => ({ ...one, fragment: { offset: 1480, more: false } }),
    one => !one.fragment,
  ),
  packet('another source', one => ({ ...one, src: addIp(one.src, 1) })),
  packet('another destination', one => ({ ...one, dst: addIp(one.dst, 1) })),
  payload('another destination port', hasPorts, one => ('dport' in one ? { ...one, dport: one.dport ^ 1 } : one)),
  payload(
    'another source port',
    one => hasPorts(one) && !isOuter(one),
    one => ('sport' in one ? { ...one, sport: one.sport ^ 0x4321 } : one),
  ),
  payload(
    'another protocol',
    () => true,
    ({ protocol: _, ...one }) => ({ ...one, protocol: 99, raw: new Uint8Array(8) }),
  ),
  payload('an answer in place of a request', isTcp, one =>
    isTcp(one) ? { ...one, flags: one.flags ^ TCP_FLAG.ACK } : one,
  ),
  payload('a reset', isTcp, one => (isTcp(one) ? { ...one, flags: (one.flags ^ TCP_FLAG.RST) | TCP_FLAG.SYN } : one)),
  payload('an ICMP message of another type', isIcmp, one => (isIcmp(one) ? { ...one, type: one.type + 3 } : one)),
  payload('an ICMP message of another code', isIcmp, one => (isIcmp(one) ? { ...one, code: one.code + 1 } : one)),
  payload('another network in the tunnel', isOuter, one => {
    if (!('data' in one) || !('dport' in one)) return one
    const { vni, frame } = decodeVxlan(one.data)
    return { ...one, data: encodeVxlan({ vni: vni + 1, frame }) } as Payload
  }),
  payload(
    'another source in the tunnel',
    isOuter,
    innerOf(one => ({ ...one, src: addIp(one.src, 1) })),
  ),
]

/** At nodes alone devices are called as in the model. */
export const OTHER_DEVICE: Mutation = sight(
  'another device',
  one => [{ ...one, ...(one.in === undefined ? { out: `${one.out}x` } : { in: `${one.in}x` }) }],
  isDevice,
)
