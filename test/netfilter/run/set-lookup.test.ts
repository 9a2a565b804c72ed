/**
 * Packets in sets of the types that few kernels have, and what rules cannot know or do.
 *
 * All other types are asked of the kernel in `kernel-rules.test.ts`.
 */
import t from 'tap'
import { SET_TYPES } from '../../../src/netfilter/ipset.ts'
import { parseSets } from '../../../src/netfilter/ipset-reader.ts'
import { createRuleMemory } from '../../../src/netfilter/run/rule-memory.ts'
import { compileSets } from '../../../src/netfilter/run/set-table.ts'
import type { Skb } from '../../../src/netfilter/run/skb.ts'
import { PACKETS, type PacketName } from './sample-packets.ts'
import { SET_TYPES_HERE } from './set-rows.ts'
import { passingOf, runTable } from './table-run.ts'

const SETS = [
  'create mac hash:mac hashsize 64 maxelem 64',
  'add mac 02:00:0A:F4:01:02',
  'create ipmac hash:ip,mac family inet hashsize 64 maxelem 64',
  'add ipmac 10.1.0.2,02:00:0A:F4:01:02',
  'create ipmark hash:ip,mark family inet markmask 0x0000ffff hashsize 64 maxelem 64',
  'add ipmark 10.1.0.2,0x00004001',
  'create netnet hash:net,net family inet hashsize 64 maxelem 64',
  'add netnet 10.0.0.0/8,10.2.0.0/16',
  'add netnet 10.1.0.0/16,10.0.0.0/8 nomatch',
  'add netnet 10.1.0.0/16,10.2.0.3',
  'create portnet hash:net,port,net family inet hashsize 64 maxelem 64',
  'add portnet 10.1.0.0/16,tcp:80,10.2.0.0/16',
  'create ip6 hash:ip family inet6 hashsize 64 maxelem 64',
  'add ip6 fd00::2',
  'create net6 hash:net family inet6 hashsize 64 maxelem 64',
  'add net6 fd00::/64',
  'add net6 fd00::/126 nomatch',
  'create port6 hash:ip,port family inet6 hashsize 64 maxelem 64',
  'add port6 fd00::1,ipv6-icmp:echo-request',
  'create full hash:ip family inet hashsize 64 maxelem 1',
  'add full 10.9.9.9',
  'create forced hash:ip family inet hashsize 64 maxelem 1 forceadd',
  'add forced 10.9.9.9',
  'create fulltoo list:set size 8',
  'add fulltoo full',
  'create empty hash:net family inet hashsize 64 maxelem 64',
  'create range bitmap:ip range 10.9.0.0-10.9.0.255',
  'create low bitmap:port range 1-79',
  'create odd list:set size 8',
  'add odd nowhere',
].join('\n')

// biome-ignore format: one case, one row
const ROWS: readonly (readonly [rule: string, verb: 'is in' | 'is not in' | 'is undecided', ...names: PacketName[]])[] = [
  ['mac src', 'is in', 'a packet in a frame'],
  ['mac src', 'is not in', 'a SYN'],
  ['mac dst', 'is undecided', 'a packet in a frame'],
  ['ipmac src,src', 'is in', 'a packet in a frame'],
  ['ipmac src,dst', 'is undecided', 'a packet in a frame'],
  ['ipmac dst,src', 'is not in', 'a packet in a frame'],
  ['ipmark src,src', 'is in', 'a packet with mark 0x4001'],
  ['ipmark src,src', 'is not in', 'a packet with mark -1', 'a SYN'],
  ['netnet src,dst', 'is in', 'a SYN'],
  ['netnet src,dst', 'is not in', 'a packet to the machine', 'a packet from afar'],
  ['netnet dst,src', 'is not in', 'a SYN'],
  ['portnet src,dst,dst', 'is in', 'a SYN'],
  ['portnet src,dst,dst', 'is not in', 'a datagram', 'a second fragment of TCP', 'TCP cut short'],
  ['ip6 src', 'is in', 'a packet of IPv6'],
  ['ip6 src', 'is not in', 'a SYN'],
  ['net6 src', 'is not in', 'a packet of IPv6', 'a packet from :: of IPv6'],
  ['net6 src --return-nomatch', 'is in', 'a packet of IPv6'],
  ['port6 dst,dst', 'is in', 'a ping of IPv6'],
  ['port6 dst,dst', 'is not in', 'IPv6 type 255'],
  ['odd src', 'is undecided', 'a SYN'],
  ['nowhere src', 'is undecided', 'a SYN'],
]

function verbOf(rule: string, skb: Skb) {
  const { decision, steps } = runTable([`-m set --match-set ${rule}`], skb, { sets: SETS })
  if (decision.kind === 'undecided') return 'is undecided'
  return steps[0]?.kind === 'rule' ? 'is in' : 'is not in'
}

for (const [rule, verb, ...names] of ROWS) {
  for (const name of names) t.test(`${name} ${verb} ${rule}`, async t => t.equal(verbOf(rule, PACKETS[name].skb), verb))
}

// biome-ignore format: one case, one row
const CHANGES: readonly (readonly [rule: string, note: string])[] = [
  ['--add-set full src', 'set full is full'],
  ['--add-set full src,dst', 'set full is full'],
  ['--add-set forced src', 'undecided: the full set forced drops an entry at random'],
  ['--add-set fulltoo src', 'not added to set fulltoo'],
  ['--del-set fulltoo src', 'not in set fulltoo'],
  ['--add-set empty src', 'added to set empty'],
  ['--del-set empty src', 'not in set empty'],
  ['--add-set range src', 'not added to set range'],
  ['--add-set low dst', 'not added to set low'],
  ['--add-set low src', 'not added to set low'],
  ['--add-set ip6 src', 'not added to set ip6'],
  ['--add-set mac dst', 'undecided: the set mac asks for the frame\'s destination'],
  ['--del-set mac dst', 'undecided: the set mac asks for the frame\'s destination'],
  ['--add-set netnet src,dst', 'in set netnet already'],
  ['--del-set netnet src,dst', 'removed from set netnet'],
  ['--del-set nowhere src', 'undecided: the set nowhere is not known'],
  ['--map-set full src --map-mark', 'not marked'],
]

for (const [rule, note] of CHANGES) {
  t.test(`-j SET ${rule}: ${note}`, async t => {
    const { decision, steps } = runTable([`-j SET ${rule}`], PACKETS['a SYN'].skb, { sets: SETS })
    const told = steps[0]?.kind === 'rule' ? steps[0].note : undefined
    t.equal(decision.kind === 'undecided' ? `undecided: ${decision.undecided.why}` : told, note)
  })
}

t.test('sets that rules change stay as they were read', async t => {
  const sets = compileSets(parseSets(SETS))
  const memory = createRuleMemory()
  const passing = { ...passingOf(PACKETS['a SYN'].skb.packet, { memory }), sets }
  t.equal(sets.get('empty')?.size, 0)
  runTable(['-j SET --add-set empty src'], PACKETS['a SYN'].skb, { memory, sets: SETS })
  t.equal(passing.memory.sets.get('empty')?.size, 1)
  t.equal(sets.get('empty')?.size, 0)
})

t.test('every type of set was asked', async t => {
  const seen = new Set(`${SETS}\n${SET_TYPES_HERE}`.split('\n').map(line => line.split(' ')[2]))
  t.strictSame(
    Object.keys(SET_TYPES).filter(type => !seen.has(type)),
    [],
  )
})
