/**
 * The same packets through the kernel's router and through podwire's: the same packets come out, and
 * the same connections are known after each.
 */
import t, { type Test } from 'tap'
import { formatIp, parseIp } from '../../../src/base/ip.ts'
import { seededRandom } from '../../../src/base/random.ts'
import { expire } from '../../../src/netfilter/run/conntrack-table.ts'
import { formatConnection } from '../../../src/netfilter/run/conntrack-text.ts'
import { encodePacket } from '../../../src/packet/packet-bytes.ts'
import { createRouter, receive } from './router.ts'
import { type Case, cases, drawnCases, type Packets } from './router-cases.ts'
import { type OnWire, withKernelRouter } from './wire.ts'

/** The table is what makes the kernel track connections. */
const NO_RULES = { 4: '*nat\nCOMMIT\n' }

// Most of a case's time goes into waiting for namespaces to be made and removed.
t.jobs = 6

for (const { name, rules = NO_RULES, settings = [], packets } of [...cases, ...drawnCases]) {
  t.test(`the kernel too ${name}`, { buffered: true }, t => compare(t, rules, settings, packets))
}

async function compare(t: Test, rules: NonNullable<Case['rules']>, settings: readonly string[], packets: Packets) {
  await withKernelRouter(t, rules, settings, async kernel => {
    const router = createRouter({ rules, settings, random: seededRandom(1) })
    const source = packets[Symbol.iterator]()
    let passed = false
    for (let index = 0; ; index++) {
      const { value: sent, done } = source.next(passed)
      if (done || !sent) return
      const seen = await kernel.send(sent)
      const told = receive(router, sent)
      passed = told.length > 0
      const same = t.strictSame(told.map(describe), seen.map(describe), `what packet ${index} leads to`)
      expire(router.memory.connections, router.now)
      const known = [...router.memory.connections.connections].map(connection => formatConnection(connection))
      const held = (await kernel.connections()).map(withoutTimes)
      // What comes behind a difference only tells of it again.
      if (!t.strictSame(known.sort(), held.sort(), `connections after packet ${index}`) || !same) return
    }
  })
}

function describe({ by, packet }: OnWire): string {
  return `${by} ${Buffer.from(encodePacket({ ...packet, id: 0 })).toString('hex')}`
}

/** `ipv4 2 tcp 6 431999 ESTABLISHED src=… mark=0 zone=0 use=2`, without what podwire does not keep. */
function withoutTimes(line: string): string {
  const [, , protocol, , , ...rest] = line.split(/ +/)
  const kept = rest.filter(word => !/^(zone|use)=/.test(word))
  // The kernel prints IPv6 addresses in full.
  const short = kept.map(word => word.replace(/(?<=^(?:src|dst)=).*:.*/, address => formatIp(parseIp(address))))
  return [protocol, ...short].join(' ')
}
