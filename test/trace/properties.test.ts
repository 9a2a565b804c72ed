/** What holds of every trace, on random clusters. */
import fc from 'fast-check'
import t from 'tap'
import { equalIp } from '../../src/base/ip.ts'
import { add, formatRatio, ZERO } from '../../src/base/ratio.ts'
import { formatRule, formatSave } from '../../src/netfilter/format.ts'
import type { Tuple } from '../../src/netfilter/run/conntrack.ts'
import { applyChanges, changesOf } from '../../src/packet/changes.ts'
import { type Packet, portsOf } from '../../src/packet/packet.ts'
import { decodePacket, encodePacket } from '../../src/packet/packet-bytes.ts'
import { clusterWorld } from '../../src/trace/cluster-world.ts'
import type { Exchange, Journey, Trace } from '../../src/trace/journey.ts'
import { traceFlows } from '../../src/trace/trace.ts'
import { createWorld } from '../../src/trace/wiring.ts'
import type { World } from '../../src/trace/world.ts'
import { FEATURES } from './flow-case.ts'
import { type RandomCluster, randomCluster } from './random-cluster.ts'

interface Traced {
  readonly trace: Trace
  readonly world: World
}

/** Each flow alone, and all of them one after the other. */
function tracesOf({ cluster, flows }: RandomCluster): readonly Traced[] {
  const world = createWorld(clusterWorld(cluster, { features: FEATURES }))
  const asked = flows.map(({ sender, packet }, i) => ({ from: sender, to: '', sender, packet, at: i * 1000 }))
  const options = { ways: 'all', seed: 0, most: 10_000 } as const
  const alone = asked.map(flow => ({ trace: traceFlows([flow], world, options), world }))
  return [...alone, { trace: traceFlows(asked.slice(0, 2), world, options), world }]
}

const journeysOf = ({ trace }: Traced): readonly Journey[] =>
  trace.paths.flatMap(({ exchanges }) =>
    exchanges.flatMap(({ request, reply }) => (reply ? [request, reply] : [request])),
  )

function holds(says: string, check: (traced: Traced) => boolean) {
  t.test(says, async t => {
    fc.assert(
      fc.property(randomCluster, random => tracesOf(random).every(check)),
      { numRuns: 40 },
    )
    t.pass('on random clusters')
  })
}

holds('the probabilities of all paths sum to exactly one', ({ trace }) => {
  return trace.complete && formatRatio(trace.paths.map(({ probability }) => probability).reduce(add, ZERO)) === '1'
})

holds("every rule's text stands in the save file of its host, word for word", traced => {
  const saved = new Map<string, ReadonlySet<string>>()
  const linesOf = (machine: string) => {
    const rules = traced.world.machine(machine).config.rules?.[4]
    const lines = saved.get(machine) ?? new Set(rules ? formatSave(rules).split('\n') : [])
    saved.set(machine, lines)
    return lines
  }
  return journeysOf(traced).every(({ hops }) =>
    hops.every(({ machine, steps }) =>
      steps.every(one => {
        if (one.component !== 'netfilter' || one.step.kind !== 'rule') return true
        return linesOf(machine).has(formatRule(one.step.chain, one.step.rule, 4, 'save'))
      }),
    ),
  )
})

holds('the packet after a step is the packet before it and what changed', traced =>
  journeysOf(traced).every(({ hops }) =>
    hops.every(({ steps }) =>
      steps.every(({ before, after, component }) => {
        // Put into another packet, or taken out of one, it is not changed but carried.
        if (component === 'vxlan') return true
        return sameBytes(applyChanges(before, changesOf(before, after)), after)
      }),
    ),
  ),
)

holds('a packet goes into a step as it came out of the one before', traced =>
  journeysOf(traced).every(({ hops }) =>
    hops.every(({ steps }) =>
      steps.every((step, i) => {
        const last = steps[i - 1]
        if (!last || last.component === 'vxlan' || step.component === 'vxlan') return true
        // A flood or an answer begins again with a packet of its own.
        return last.component === 'link' || last.after === step.before || sameBytes(last.after, step.before)
      }),
    ),
  ),
)

holds('every packet of a journey can be written as bytes and read again', traced =>
  journeysOf(traced).every(({ hops }) =>
    hops.every(({ steps }) => steps.every(({ after }) => sameBytes(decodePacket(encodePacket(after)), after))),
  ),
)

holds("an answered packet's answer comes from where it went, to where it came from", ({ trace }) =>
  trace.paths.every(({ exchanges }) => exchanges.every(one => one.experience !== 'answered' || isInverse(one))),
)

holds("what comes back to a host that tracked the packet is the connection's other direction", ({ trace }) =>
  trace.paths.every(({ exchanges }) => exchanges.every(repliesAreTracked)),
)

function sameBytes(a: Packet, b: Packet): boolean {
  return a === b || Buffer.compare(encodePacket(a), encodePacket(b)) === 0
}

function isInverse({ request, reply }: Exchange): boolean {
  const sent = request.hops[0]?.steps.find(({ component }) => component === 'source')?.after ?? request.packet
  if (reply?.outcome.kind !== 'delivered') return false
  const { packet } = reply.outcome
  const [there, back] = [portsOf(sent.payload), portsOf(packet.payload)]
  return (
    equalIp(packet.src, sent.dst) &&
    equalIp(packet.dst, sent.src) &&
    there?.sport === back?.dport &&
    there?.dport === back?.sport
  )
}

/** Hosts confirm what passed them; the answer, where it first comes to each of them again, is that connection's. */
function repliesAreTracked({ request, reply, experience }: Exchange): boolean {
  if (!reply || experience !== 'answered') return true
  return reply.hops.every(({ machine, steps }) => {
    const known = confirmedAt(machine, request)
    const tracked = steps.flatMap(one => (one.component === 'netfilter' && one.step.kind === 'track' ? [one] : []))
    return tracked
      .filter(({ before }) => before.payload.protocol === request.packet.payload.protocol)
      .filter(({ before }) => portsOf(before.payload)?.dport !== 8472)
      .every(({ before, step }) => {
        if (step.kind !== 'track' || known.length === 0) return true
        return step.tracked.state === 'ESTABLISHED' && known.some(tuple => isTupleOf(tuple, before))
      })
  })
}

function confirmedAt(machine: string, { hops }: Journey): readonly Tuple[] {
  return hops
    .filter(hop => hop.machine === machine)
    .flatMap(({ steps }) =>
      steps.flatMap(one =>
        one.component === 'netfilter' && one.step.kind === 'confirm' && one.step.tuples.original.dport !== 8472
          ? [one.step.tuples.reply]
          : [],
      ),
    )
}

function isTupleOf(tuple: Tuple, packet: Packet): boolean {
  const ports = portsOf(packet.payload)
  return (
    equalIp(tuple.src, packet.src) &&
    equalIp(tuple.dst, packet.dst) &&
    tuple.sport === ports?.sport &&
    tuple.dport === ports?.dport
  )
}
