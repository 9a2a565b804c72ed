/**
 * Answers SCTP's first packets in the namespace that it was started in, with a raw socket: kernels
 * without the module, and Node, know nothing of SCTP.
 *
 * Other ports get no answer while it runs: the kernel says "protocol unreachable" only of what no raw
 * socket took. Ends as soon as the channel is closed.
 *
 * @see ip_protocol_deliver_rcu in net/ipv4/ip_input.c of Linux
 * @module
 */
import { ParseError } from '../../base/error.ts'
import { equalIp, FAMILIES, type Ip, parseIp } from '../../base/ip.ts'
import { SCTP } from '../../base/protocol.ts'
import { answerTo } from '../../packet/first-packet.ts'
import type { Packet, SctpPacket } from '../../packet/packet.ts'
import { encodePacket } from '../../packet/packet-bytes.ts'
import { decodeSctp } from '../../packet/sctp.ts'
import { wordsOf } from '../failure.ts'
import type { AnsweredPort, HelperWord, MachineWork, SctpWork } from './answering.ts'
import { openRaw, type Raw, type Received, WHOLE_PACKETS } from './raw.ts'

process.once('message', ({ sctp }: MachineWork) => {
  start(sctp).then(
    () => say({ answers: true }),
    error => say({ failed: wordsOf(error) }),
  )
})
process.once('disconnect', () => process.exit())

function say(word: HelperWord): void {
  process.send?.(word)
}

async function start(work: SctpWork): Promise<void> {
  for (const family of FAMILIES) {
    const sender = await openRaw(family, WHOLE_PACKETS)
    await openRaw(family, SCTP, received => answer(work, sender, received))
  }
}

function answer(work: SctpWork, sender: Raw, received: Received): void {
  const payload = readSctp(received.body)
  const dst = payload && addressAsked(work, payload.dport, received)
  if (!payload || dst === undefined) return
  const { family, src } = received
  const asked: Packet = { family, src, dst, ttl: 64, tos: 0, id: 0, df: true, payload }
  const reply = answerTo(asked)
  // Who cannot be answered need not be.
  if (reply) sender.send(encodePacket(reply), reply.dst).catch(() => undefined)
}

function readSctp(body: Uint8Array): SctpPacket | undefined {
  try {
    return decodeSctp(body)
  } catch (cause) {
    if (cause instanceof ParseError) return undefined
    throw cause
  }
}

/** The address at which a port was asked, if somebody listens there. */
function addressAsked({ ports, own6 }: SctpWork, dport: number, { dst }: Received): Ip | undefined {
  const declared = ports.filter(({ port }) => port === dport)
  if (dst === undefined) {
    const address = declared.map(one => one.address ?? own6).find(text => text?.includes(':'))
    return address === undefined ? undefined : parseIp(address)
  }
  return declared.some(one => isAt(one, dst)) ? dst : undefined
}

function isAt({ address }: AnsweredPort, dst: Ip): boolean {
  return address === undefined || equalIp(parseIp(address), dst)
}
