/** Packets that programs make themselves: what raw sockets send as it is, and how long it may be. */
import t from 'tap'
import type { Machine } from '../../src/node/machine.ts'
import { createMachineMemory, type MachineMemory } from '../../src/node/memory.ts'
import { receive } from '../../src/node/receive.ts'
import { send } from '../../src/node/send.ts'
import type { Passage } from '../../src/node/step.ts'
import { icmpError } from '../../src/packet/icmp-error.ts'
import type { Packet } from '../../src/packet/packet.ts'
import { summaryOf } from '../../src/packet/summary.ts'
import { AROUND, MACS, node, outcome } from './node.ts'
import { frame, ip, packet, udp } from './world.ts'

/** `bytes` of data from the node to somebody far away, past the router. */
function sized(bytes: number, df: boolean): Packet {
  return packet('192.168.64.11', '198.51.100.7', { payload: udp(40000, 9, bytes), df })
}

/** The router says that the path carries 1400 bytes. */
function told(subject: Machine): MachineMemory {
  const memory = createMachineMemory()
  const about = sized(1450, true)
  const error = icmpError({ about, kind: 'too-big', src: ip('192.168.64.1'), mtu: 1400 })
  if (!error) throw new Error('no error')
  receive(subject, memory, { link: 'eth0', frame: frame(MACS.router, MACS.eth0, error) }, AROUND)
  return memory
}

function sent(subject: Machine, memory: MachineMemory, one: Packet, raw: boolean): Passage {
  return send(subject, memory, { packet: one, mark: 0, ...(raw ? { raw: true } : {}) }, AROUND)
}

const HEADERS = 28

// biome-ignore format: one case, one row
const CASES: readonly (readonly [says: string, bytes: number, df: boolean, known: boolean, outcome: RegExp, departures: number, answers: number])[] = [
  ['that fits is sent',                                                     1500, true,  false, /^out eth0/,  1, 0],
  ['longer than the device carries is not begun, though it may be cut',     1501, false, false, /^too big/,   0, 0],
  ['longer than the device carries is not begun',                           1501, true,  false, /^too big/,   0, 0],
  ['longer than the path carries is begun, and the machine is told',        1450, true,  true,  /^too big/,   0, 1],
  ['longer than the path carries goes in pieces, where it may be cut',      1450, false, true,  /^out eth0/,  2, 0],
]

for (const [says, length, df, known, how, departures, answers] of CASES) {
  t.test(`a packet ${says}`, async t => {
    const subject = node()
    const memory = known ? told(subject) : createMachineMemory()
    const passage = sent(subject, memory, sized(length - HEADERS, df), true)
    t.ok(outcome(passage).some(line => how.test(line)))
    t.equal(passage.departures.length, departures)
    t.equal(passage.answers.length, answers)
    for (const { packet } of passage.answers) t.match(summaryOf(packet), /fragmentation needed/)
    const begun = passage.passings.some(({ hook }) => hook === 'output')
    t.equal(begun, length <= 1500, 'rules see what was begun')
  })
}

t.test("a socket's packet is held against the path before it is begun", async t => {
  const subject = node()
  const passage = sent(subject, told(subject), sized(1450 - HEADERS, true), false)
  t.match(outcome(passage)[0], /^too big/)
  t.strictSame([passage.answers.length, passage.passings.length], [0, 0])
})
