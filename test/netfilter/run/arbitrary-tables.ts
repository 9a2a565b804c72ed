/**
 * Random tables whose rules packets of `sample-packets.ts` often match, and which the kernel takes.
 *
 * @module
 */
import fc from 'fast-check'

/** User chains; a chain only leads to later ones, so that none comes back to itself. */
export const CHAINS = ['A', 'B', 'C', 'D'] as const

/** Sets that rules look into. */
export const SETS = [
  'create hosts hash:ip family inet hashsize 64 maxelem 64',
  'add hosts 10.1.0.2',
  'create nets hash:net family inet hashsize 64 maxelem 64',
  'add nets 10.2.0.0/16',
  'add nets 10.2.0.0/28 nomatch',
  'add nets 192.0.2.0/24',
  'create ports hash:ip,port family inet hashsize 64 maxelem 64',
  'add ports 10.2.0.3,tcp:80',
  'add ports 10.2.0.3,icmp:echo-request',
  'create listed list:set size 8',
  'add listed hosts',
  'add listed nets',
].join('\n')

const not = (option: string) =>
  fc.constantFrom(
    option,
    option,
    option.replace(/--|(?=-[sdipf] )/, found => `! ${found}`),
  )

const OWN = [
  '-s 10.1.0.2/32',
  '-s 10.1.0.0/24',
  '-d 10.2.0.3/32',
  '-d 10.2.0.0/16',
  '-d 10.2.0.4/32',
  '-i left',
  '-i le+',
  '-i right',
]
const OTHERS = [
  '-m mark --mark 0x1/0x1',
  '-m mark --mark 0x2/0x2',
  '-m length --length 40:60',
  '-m ttl --ttl-gt 60',
  '-m tos --tos 0x00/0xff',
  '-m pkttype --pkt-type unicast',
  '-m mac --mac-source 02:00:00:00:01:02',
  '-m iprange --dst-range 10.2.0.2-10.2.0.9',
  '-m addrtype --dst-type LOCAL',
  '-m set --match-set hosts src',
  '-m set --match-set nets dst',
  '-m set --match-set ports dst,dst',
  '-m set --match-set listed src',
]
/** Conditions that remember, whose options say nothing of time that passes. */
const REMEMBERING = [
  '-m statistic --mode nth --every 2 --packet 0',
  '-m statistic --mode nth --every 3 --packet 2',
  '-m limit --limit 1/day --limit-burst 3',
  '-m recent --set --name seen',
  '-m recent --rcheck --seconds 3600 --hitcount 2 --name seen',
  '-m recent --update --name seen --rttl',
  '-m recent --remove --name seen',
  '-m recent --rcheck --name ends --rdest',
  '-m recent --set --name ends --rdest --mask 255.255.0.0',
  '-m quota --quota 150',
  '-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 2 --hashlimit-mode srcip,dstport --hashlimit-name flows',
]
const TRANSPORT = [
  '',
  '-p tcp',
  '-p tcp -m tcp --dport 80',
  '-p tcp -m tcp --sport 1000',
  '-p tcp -m tcp --tcp-flags SYN,ACK SYN',
  '-p tcp -m multiport --dports 80,443',
  '-p udp',
  '-p udp -m udp --dport 80',
  '-p icmp -m icmp --icmp-type 8',
]

const conditions = fc
  .tuple(
    fc.subarray(OWN, { maxLength: 1 }),
    fc.constantFrom(...TRANSPORT),
    fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...OTHERS) }, fc.constantFrom(...REMEMBERING)), {
      maxLength: 2,
    }),
  )
  .chain(([own, transport, others]) =>
    fc.tuple(
      ...own.map(not),
      fc.constant(transport),
      ...others.map(option => (/quota|nth|limit|ttl/.test(option) ? fc.constant(option) : not(option))),
    ),
  )
  .map(parts => parts.filter(Boolean).join(' '))

const going = fc.constantFrom(
  '',
  '',
  '-j MARK --set-xmark 0x1/0x1',
  '-j MARK --set-xmark 0x3/0xffffffff',
  '-j MARK --set-xmark 0x2/0x0',
  '-j TTL --ttl-set 33',
  '-j DSCP --set-dscp 0x0a',
  '-j SET --add-set hosts dst',
  '-j SET --del-set hosts src',
)
const verdict = fc.constantFrom('-j ACCEPT', '-j RETURN', '-j DROP')

function rule(chain: number): fc.Arbitrary<string> {
  const later = CHAINS.slice(chain)
  const on = fc.oneof({ weight: 3, arbitrary: going }, verdict)
  const leads = fc.tuple(fc.constantFrom('-j', '-j', '-g'), fc.constantFrom(...later, 'D'))
  const target =
    later.length === 0
      ? on
      : fc.oneof(
          on,
          leads.map(words => words.join(' ')),
        )
  return fc
    .tuple(conditions, target)
    .map(([when, then]) => `-A ${CHAINS[chain - 1] ?? 'PREROUTING'} ${when} ${then}`.trim())
}

/** Rules of table mangle, IPv4. */
export const tables: fc.Arbitrary<readonly string[]> = fc
  .tuple(...[0, 1, 2, 3, 4].map(chain => fc.array(rule(chain), { minLength: chain === 0 ? 4 : 0, maxLength: 12 })))
  .map(chains => chains.flat())
