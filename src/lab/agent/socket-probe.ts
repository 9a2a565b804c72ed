/**
 * Probes by a program's own sockets, as any client's.
 *
 * @module
 */
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { familyOf, formatIp } from '../../base/ip.ts'
import { isUdp } from '../../packet/packet.ts'
import { findAnswer } from '../answer-line.ts'
import type { Met, Probe } from '../probe.ts'
import { type Attempt, attempt, failureMet, silence } from './attempt.ts'
import { type Ears, eventsUntil, type HeardError } from './ears.ts'
import { codeOf } from './errno.ts'
import { probePacket } from './probe-packet.ts'

/** What the far end is told, so that it need not wait before it answers. */
const GREETING = 'podwire\n'

/**
 * Connects, says a line and listens until the far end closes. A SYN is repeated a second after the first
 * (`TCP_TIMEOUT_INIT` of Linux) where patience lasts longer; nothing is sent after patience.
 *
 * An error that comes back while connect(2) is still at work in the kernel only ends a connection when
 * the repeated SYN meets it, too (measured on 6.18, IPv6). Where it is heard it counts at once.
 *
 * @see tcp_v6_err in net/ipv6/tcp_ipv6.c of Linux: sk_err_soft
 */
export function connectProbe(probe: Probe, ears: Ears): Promise<Met> {
  return bySocket(probe, ears, attempt => {
    const { src, dst, sport, dport = 0 } = probe
    const socket = connect({
      host: formatIp(dst),
      port: dport,
      localPort: sport,
      ...(src === undefined ? {} : { localAddress: formatIp(src) }),
    })
    let connected = false
    let said = ''
    socket.once('connect', () => {
      connected = true
      socket.write(GREETING)
    })
    socket.on('data', bytes => {
      said += bytes.toString()
    })
    socket.on('error', error => {
      if (connected) attempt.met({ ...answered(said), detail: codeOf(error) })
      else attempt.failed(error)
    })
    socket.once('close', () => attempt.met(answered(said)))
    return {
      end: () => socket.destroy(),
      heard: async error => {
        // Too long is what segments of a connection are told of, not its first.
        if (error.experience === 'timeout' || error.experience === 'message too long') return
        await eventsUntil(() => socket.destroyed || connected)
        if (!connected) attempt.met(error)
      },
      late: () => (connected ? { ...answered(said), detail: 'connected, but the far end did not close' } : undefined),
    }
  })
}

/** Sends the datagram that a trace begins with, and waits for one back. */
export function datagramProbe(probe: Probe, ears: Ears): Promise<Met> {
  return bySocket(probe, ears, attempt => {
    const { src, dst, sport, dport = 0, ttl } = probe
    const { payload } = probePacket(probe, src ?? dst)
    const socket = createSocket(familyOf(dst) === 4 ? 'udp4' : 'udp6')
    // Connected, so that it hears of errors.
    socket.once('listening', () => socket.connect(dport, formatIp(dst)))
    socket.once('connect', () => {
      if (ttl !== undefined) socket.setTTL(ttl)
      socket.send(isUdp(payload) ? payload.data : '', error => error && attempt.failed(error))
    })
    socket.on('error', error => attempt.failed(error))
    socket.on('message', bytes => attempt.met(answered(bytes.toString())))
    socket.bind({ port: sport, exclusive: true, ...(src === undefined ? {} : { address: formatIp(src) }) })
    return { end: () => socket.close(), heard: () => undefined, late: () => undefined }
  })
}

interface Begun {
  readonly end: () => void
  /** An error came in that is about the probe; the socket may or may not tell of it. */
  readonly heard: (error: HeardError) => unknown
  /** What was met when patience ended, if that is not silence. */
  readonly late: () => Met | undefined
}

async function bySocket(probe: Probe, ears: Ears, begin: (attempt: Attempt) => Begun): Promise<Met> {
  let begun: Begun | undefined
  const collected = await ears.collect(probe, error => begun?.heard(error))
  try {
    const met = await attempt(probe.patience, started => {
      begun = begin(started)
      return begun.end
    })
    return met ?? begun?.late() ?? silence(collected)
  } catch (error) {
    return await failureMet(error, collected)
  } finally {
    collected.stop()
  }
}

function answered(said: string): Met {
  const answer = findAnswer(said)
  return { experience: 'answered', ...(answer ? { answer } : {}) }
}
