/**
 * Answers datagrams in a namespace to which every address belongs.
 *
 * A socket at all addresses does not tell Node which of them was asked, and cannot answer from it. What
 * it got is looked up among the packets that came in, as tcpdump shows them, and from then on that
 * address has a socket of its own.
 *
 * Ends as soon as the channel is closed.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { formatIp } from '../../base/ip.ts'
import { UDP } from '../../base/protocol.ts'
import { UDP_HEADER } from '../../packet/length.ts'
import { get16 } from '../../packet/octets.ts'
import { isUdp, type Payload } from '../../packet/packet.ts'
import { isAnswer } from '../answer-line.ts'
import { wordsOf } from '../failure.ts'
import { decodeObserved } from '../observed-packet.ts'
import { CaptureReader, type CaptureRecord } from '../pcap-stream.ts'
import { socketIp } from './address-text.ts'
import { type AnsweredPort, type HelperWord, type MachineWork, portName } from './answering.ts'
import { answerDatagram, answerDatagrams, type Sender } from './datagram-answer.ts'

/** Of each kind, so that nobody fills the memory. */
const MOST_KEPT = 512

/** Bytes before the packet, of LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2. @see pcap-linktype(7) */
const COOKED: ReadonlyMap<number, number> = new Map([
  [113, 16],
  [276, 20],
])

/** Which address a sender asked last, by sender and port. */
const asked = new Map<string, string>()
/** Who was heard at a port before it was known at which address. */
const unanswered = new Map<string, Sender>()
/** By address and port. */
const sockets = new Map<string, Promise<Socket | undefined>>()

process.once('message', ({ machine, everywhere }: MachineWork) => {
  start(machine, everywhere).then(
    () => say({ answers: true }),
    error => say({ failed: wordsOf(error) }),
  )
})
process.once('disconnect', () => process.exit())

function say(word: HelperWord): void {
  process.send?.(word)
}

async function start(machine: string, ports: readonly AnsweredPort[]): Promise<void> {
  const byPort = new Map(ports.map(port => [port.port, port]))
  await watch([...byPort.keys()], (sender, address, port) => {
    const answered = byPort.get(port)
    if (answered) sight(answered, sender, address)
  })
  for (const port of ports) {
    for (const address of ['0.0.0.0', '::']) {
      const socket = await bind(port.port, address).catch((error: NodeJS.ErrnoException) => {
        if (address === '::' && error.code === 'EAFNOSUPPORT') return undefined
        throw new Error(`${portName('UDP', { ...port, machine })}: ${error.code}`)
      })
      socket?.on('message', (bytes, sender) => {
        if (!isAnswer(bytes)) hear(port, sender)
      })
    }
  }
}

/** The packet that came in and the datagram that was delivered: whichever is second leads to the answer. */
function sight(port: AnsweredPort, sender: Sender, address: string): void {
  const key = keyOf(port, sender)
  keep(asked, key, address)
  const waiting = unanswered.get(key)
  if (!waiting) return
  unanswered.delete(key)
  answer(port, waiting, address)
}

function hear(port: AnsweredPort, sender: Sender): void {
  const key = keyOf(port, sender)
  const address = asked.get(key)
  if (address === undefined) keep(unanswered, key, sender)
  else answer(port, sender, address)
}

function keyOf({ port }: AnsweredPort, sender: Sender): string {
  return `${formatIp(socketIp(sender.address))} ${sender.port} ${port}`
}

function answer(who: AnsweredPort, sender: Sender, address: string): void {
  const key = `${address} ${who.port}`
  const there = sockets.get(key) ?? ownSocket(who, address)
  keep(sockets, key, there, old => void old.then(socket => socket?.close()))
  void there.then(socket => socket && answerDatagram(socket, who, sender))
}

async function ownSocket(who: AnsweredPort, address: string): Promise<Socket | undefined> {
  try {
    const socket = await bind(who.port, address)
    answerDatagrams(socket, who)
    return socket
  } catch (error) {
    process.stderr.write(`UDP port ${who.port} at ${address}: ${String(error)}\n`)
    return undefined
  }
}

function keep<T>(map: Map<string, T>, key: string, value: T, forget: (old: T) => void = () => undefined): void {
  map.set(key, value)
  const [oldest] = map
  if (map.size <= MOST_KEPT || !oldest) return
  map.delete(oldest[0])
  forget(oldest[1])
}

function bind(port: number, address: string): Promise<Socket> {
  const six = address.includes(':')
  // That at one address and that at all are not in each other's way.
  const socket = createSocket({ type: six ? 'udp6' : 'udp4', ipv6Only: six, reuseAddr: true })
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.bind({ port, address, exclusive: true }, () => resolve(socket))
  })
}

/**
 * Tells of each datagram that comes in, from now on.
 *
 * @throws {Error} when tcpdump cannot do it
 */
function watch(ports: readonly number[], tell: (sender: Sender, address: string, port: number) => void): Promise<void> {
  // Of fragments the first tells the ports; tcpdump's own words find them in IPv4 only.
  const filter = `(udp and (${ports.map(port => `dst port ${port}`).join(' or ')})) or ip6 proto 44`
  const args = ['-i', 'any', '-Q', 'in', '-n', '-U', '--immediate-mode', '-s', '0', '-w', '-', filter]
  const tcpdump = spawn('tcpdump', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  process.once('exit', () => tcpdump.kill())
  const reader = new CaptureReader()
  tcpdump.stdout.on('data', (piece: Buffer) => {
    for (const record of reader.push(piece)) readDatagram(record, tell)
  })
  return begun(tcpdump)
}

function readDatagram({ bytes, linkType }: CaptureRecord, tell: Parameters<typeof watch>[1]): void {
  const { src, dst, payload, fragment } = decodeObserved(bytes.subarray(COOKED.get(linkType) ?? 0))
  const ports = isUdp(payload) ? payload : fragment?.offset === 0 ? portsAt(payload) : undefined
  if (ports) tell({ address: formatIp(src), port: ports.sport }, formatIp(dst), ports.dport)
}

/** The ports of a datagram of which the payload is the beginning. */
function portsAt(payload: Payload): { readonly sport: number; readonly dport: number } | undefined {
  if (!('raw' in payload) || payload.protocol !== UDP || payload.raw.length < UDP_HEADER) return undefined
  return { sport: get16(payload.raw, 0), dport: get16(payload.raw, 2) }
}

function begun(tcpdump: ChildProcess): Promise<void> {
  let said = ''
  return new Promise((resolve, reject) => {
    tcpdump.stderr?.on('data', (bytes: Buffer) => {
      said = `${said}${bytes}`.slice(-1000)
      if (said.includes('listening on')) resolve()
    })
    tcpdump.once('error', reject)
    tcpdump.once('close', () => {
      reject(new Error(`tcpdump ended: ${said.trim()}`))
      // Without it nothing can be answered: whoever asked is told by the log.
      if (process.connected) process.exitCode = 1
      process.disconnect?.()
    })
  })
}
