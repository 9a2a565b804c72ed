/**
 * Probes by raw sockets: pings, SCTP, and packets to the byte.
 *
 * @module
 */
import { createSocket, type Socket } from 'node:dgram'
import { equalIp, type Family, familyOf, formatIp, type Ip, parseIp } from '../../base/ip.ts'
import { isEchoReply } from '../../packet/icmp-types.ts'
import { TCP_HEADER, UDP_HEADER } from '../../packet/length.ts'
import { get8, get16 } from '../../packet/octets.ts'
import { isIcmp, isTcp, isUdp, type Packet, portsOf, TCP_FLAG } from '../../packet/packet.ts'
import { encodePacket } from '../../packet/packet-bytes.ts'
import { encodePayload } from '../../packet/payload.ts'
import { findAnswer } from '../answer-line.ts'
import type { Met, Probe } from '../probe.ts'
import { type Attempt, attempt, failureMet, silence } from './attempt.ts'
import { type Collected, type Ears, errorAbout, type Heard } from './ears.ts'
import { probePacket } from './probe-packet.ts'
import { icmpOf, openRaw, type Raw, type Received, WHOLE_PACKETS } from './raw.ts'

/** @throws {Error} without the package raw-socket */
export async function rawProbe(probe: Probe, ears: Ears): Promise<Met> {
  // Asked for first, that its lack is told even where there is no route.
  const open = await openEnds(probe, ears)
  try {
    const chosen = probe.bytes ? undefined : await sourceTo(probe.dst)
    const packet = probePacket(probe, probe.src ?? chosen ?? probe.dst)
    const sink = isUdp(packet.payload) && probe.bytes ? await openSink(packet) : undefined
    try {
      return await exchange(probe, packet, chosen, open)
    } finally {
      sink?.close()
    }
  } catch (error) {
    return await failureMet(error, open.collected)
  } finally {
    open.close()
  }
}

/** Ears of a probe, before it is sent. */
interface Ends {
  readonly collected: Collected
  readonly onIcmp: (listener: (heard: Heard) => void) => void
  readonly onPacket: (listener: (received: Received) => void) => void
  readonly close: () => void
}

async function openEnds(probe: Probe, ears: Ears): Promise<Ends> {
  const family = familyOf(probe.dst)
  const icmp: ((heard: Heard) => void)[] = []
  const packets: ((received: Received) => void)[] = []
  const stop = await ears.listen(family, heard => {
    for (const listener of icmp) listener(heard)
  })
  const collected = await ears.collect(probe)
  const receiver =
    probe.protocol === icmpOf(family)
      ? undefined
      : await openRaw(family, probe.protocol, received => {
          for (const listener of packets) listener(received)
        })
  return {
    collected,
    onIcmp: listener => icmp.push(listener),
    onPacket: listener => packets.push(listener),
    close: () => {
      stop()
      collected.stop()
      receiver?.close()
    },
  }
}

async function exchange(probe: Probe, packet: Packet, chosen: Ip | undefined, ends: Ends): Promise<Met> {
  const sender = await openSender(packet, chosen)
  try {
    const met = await attempt(probe.patience, attempt => {
      ends.onIcmp(heard => hearIcmp(probe, packet, heard, attempt))
      ends.onPacket(received => hearPacket(packet, received, attempt))
      sender.send().catch(attempt.failed)
      return () => undefined
    })
    return met ?? silence(ends.collected)
  } finally {
    sender.close()
  }
}

interface Sender extends Pick<Raw, 'close'> {
  readonly send: () => Promise<void>
}

/** A ping from the address that the kernel chooses is the kernel's to make a packet of; others are whole. */
async function openSender(packet: Packet, chosen: Ip | undefined): Promise<Sender> {
  const { family, src, dst, ttl, payload } = packet
  const plain = isIcmp(payload) && chosen !== undefined && equalIp(src, chosen)
  const raw = await openRaw(family, plain ? icmpOf(family) : WHOLE_PACKETS)
  if (plain) raw.setTtl(ttl)
  const bytes = plain ? encodePayload(payload, src, dst) : encodePacket(packet)
  return { send: () => raw.send(bytes, dst), close: raw.close }
}

function hearIcmp(probe: Probe, sent: Packet, heard: Heard, attempt: Attempt): void {
  const { from, message } = heard
  const { payload } = sent
  if (isEchoReply(message)) {
    const isOurs = isIcmp(payload) && equalIp(from, sent.dst) && message.rest >>> 16 === payload.rest >>> 16
    if (isOurs) attempt.met({ experience: 'answered' })
    return
  }
  const error = errorAbout(probe, heard)
  if (error && error.experience !== 'timeout') attempt.met(error)
}

function hearPacket(sent: Packet, { src, dst, body }: Received, attempt: Attempt): void {
  const ports = portsOf(sent.payload)
  if (!equalIp(src, sent.dst) || (dst !== undefined && !equalIp(dst, sent.src))) return
  if (ports && (get16(body, 0) !== ports.dport || get16(body, 2) !== ports.sport)) return
  if (isTcp(sent.payload) && (body.length < TCP_HEADER || get8(body, 13) & TCP_FLAG.RST)) {
    attempt.met({ experience: 'refused', detail: 'reset' })
    return
  }
  const answer = isUdp(sent.payload) ? findAnswer(Buffer.from(body.subarray(UDP_HEADER)).toString()) : undefined
  attempt.met({ experience: 'answered', ...(answer ? { answer } : {}) })
}

/**
 * The address that the kernel would send from. Nothing is sent.
 *
 * @throws {Error} as connect(2) does: `ENETUNREACH`
 */
function sourceTo(dst: Ip): Promise<Ip> {
  const family = familyOf(dst)
  const socket = udpSocket(family)
  return new Promise<Ip>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () => resolve(parseIp(socket.address().address)))
    socket.connect(ANY_PORT, formatIp(dst))
  }).finally(() => socket.close())
}

/** Any will do: nothing is sent there. */
const ANY_PORT = 9

function udpSocket(family: Family): Socket {
  return createSocket(family === 4 ? 'udp4' : 'udp6')
}

/**
 * Takes the answer to a crafted datagram, which the kernel would else refuse; not where its source is no
 * address of the machine, or in use.
 */
function openSink({ family, src, payload }: Packet): Promise<Socket> {
  const socket = udpSocket(family)
  return new Promise(resolve => {
    socket.on('error', () => resolve(socket))
    socket.bind({ port: portsOf(payload)?.sport ?? 0, address: formatIp(src), exclusive: true }, () => resolve(socket))
  })
}
