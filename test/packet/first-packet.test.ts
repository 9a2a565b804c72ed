/**
 * Sizes of first packets, and what is answered to them. Their bytes are in `captured.test.ts`.
 */
import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { answerTo, echoRequest, sctpInit, tcpSyn, udpDatagram } from '../../src/packet/first-packet.ts'
import { icmpError } from '../../src/packet/icmp-error.ts'
import { lengthOf } from '../../src/packet/length.ts'
import { isSctp, isTcp, type Packet, TCP_FLAG } from '../../src/packet/packet.ts'
import { tcpReset } from '../../src/packet/tcp-reset.ts'

const ends = { src: parseIp('10.0.0.1'), dst: parseIp('10.0.0.2'), sport: 1, dport: 2 }
const ends6 = { src: parseIp('fd00::1'), dst: parseIp('fd00::2'), sport: 1, dport: 2 }
const datagram = udpDatagram(ends)
const piece: Packet = {
  ...datagram,
  fragment: { offset: 0, more: true },
  payload: { protocol: 17, raw: new Uint8Array(8) },
}

t.test('answers of programs', async t => {
  const syn = tcpSyn(ends)
  const answer = answerTo(syn)
  if (!answer || !isTcp(answer.payload) || !isTcp(syn.payload)) throw new RangeError('no answer')
  t.match(answer, {
    src: ends.dst,
    dst: ends.src,
    payload: { sport: 2, dport: 1, ack: syn.payload.seq + 1, flags: TCP_FLAG.SYN | TCP_FLAG.ACK },
  })
  const third = answerTo(answer)
  if (!third || !isTcp(third.payload)) throw new RangeError('no acknowledgement')
  t.match(third.payload, {
    sport: 1,
    dport: 2,
    seq: syn.payload.seq + 1,
    ack: answer.payload.seq + 1,
    flags: TCP_FLAG.ACK,
  })
  t.equal(answerTo(third), undefined, 'an acknowledgement asks for nothing')
  const data = { ...third, payload: { ...third.payload, data: new Uint8Array(3) } }
  t.match(answerTo(data)?.payload, { ack: (third.payload.seq ?? 0) + 3, flags: TCP_FLAG.ACK })
  const reset = tcpReset(syn)
  t.equal(reset && answerTo(reset), undefined, 'nor does a reset')
  t.equal(
    answerTo(need(icmpError({ about: datagram, kind: 'port-unreachable', src: ends.dst }))),
    undefined,
    'nor an error',
  )
  t.equal(answerTo(piece), undefined, 'nor a piece')
  const bare = { ...syn, payload: { ...syn.payload, options: new Uint8Array(0) } }
  t.match(
    answerTo(bare)?.payload,
    { window: 64_240, options: Uint8Array.of(2, 4, 5, 180) },
    'offers only what was offered',
  )
})

t.test('answers of SCTP', async t => {
  const init = sctpInit({ ...ends, tag: 77 })
  const answer = answerTo(init)
  if (!answer || !isSctp(answer.payload) || !isSctp(init.payload)) throw new RangeError('no answer')
  t.match(answer, { src: ends.dst, tos: 2, payload: { sport: 2, dport: 1, tag: 77 } })
  t.equal(answer.payload.chunks[0]?.type, 2)
  t.equal(answerTo(answer), undefined)
  t.equal(answerTo({ ...init, payload: { ...init.payload, chunks: [] } }), undefined)
})

for (const family of [4, 6] as const) {
  const own = family === 4 ? ends : ends6
  t.test(`sizes of first packets of IPv${family}`, async t => {
    for (const size of [200, 201, 202, 203, 1500]) {
      t.equal(lengthOf(tcpSyn({ ...own, size })), size)
      t.equal(lengthOf(udpDatagram({ ...own, size })), size)
      t.equal(lengthOf(echoRequest({ ...own, size })), size)
      // Chunks are whole words.
      t.equal(lengthOf(sctpInit({ ...own, size })), (size + 3) & ~3)
    }
    t.equal(lengthOf(tcpSyn({ ...own, size: 1 })), family === 4 ? 60 : 80, 'never less than the headers')
    t.equal(
      lengthOf(udpDatagram({ ...own, size: 900, data: new Uint8Array(1) })),
      family === 4 ? 29 : 49,
      'data go before',
    )
  })
}

function need<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('nothing')
  return value
}
