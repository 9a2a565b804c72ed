/** A prober in a small network, and what it is asked and says, in words. */
import type { Test } from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { ICMP, ICMPV6, SCTP, TCP, UDP } from '../../src/base/protocol.ts'
import { startAnswerer } from '../../src/lab/answerer.ts'
import type { LabListener } from '../../src/lab/lab.ts'
import type { Met, Probe } from '../../src/lab/probe.ts'
import { openProber, type Prober } from '../../src/lab/prober.ts'
import { endProcesses, inScratchNet, type ScratchNet } from './scratch-net.ts'

const PROTOCOLS = { tcp: TCP, udp: UDP, sctp: SCTP, ping: ICMP, ping6: ICMPV6 } as const

/** What one is sure to be told within, and how long one listens to silence. */
const LONG = 60_000
export const SHORT = 250

export interface Ask {
  readonly sport?: number
  readonly ttl?: number
  readonly size?: number
  readonly src?: string
  readonly bytes?: Uint8Array
  readonly patience?: number
}

let port = 20_000

/** A source port that nothing had before. */
export function freshPort(): number {
  return port++
}

/** @param target `udp 10.2.0.2:53`, `ping 10.2.0.2` */
export function probeTo(target: string, { src, ...more }: Ask = {}): Probe {
  const [, name = '', address = '', dport] = /^(\w+) (.*?)(?: port (\d+))?$/.exec(target) ?? []
  return {
    machine: 'test/client',
    protocol: PROTOCOLS[name as keyof typeof PROTOCOLS],
    dst: parseIp(address),
    sport: freshPort(),
    ...(dport ? { dport: Number(dport) } : {}),
    ...(src ? { src: parseIp(src) } : {}),
    patience: LONG,
    ...more,
  }
}

const listener = (protocol: number): LabListener => ({ machine: 'test/server', protocol, port: 80, what: 'all' })
const LISTENERS = [TCP, UDP, SCTP].map(listener)

export async function withProber(
  t: Test,
  body: (prober: Prober, net: ScratchNet) => Promise<void>,
  needs: Parameters<typeof inScratchNet>[1] = [],
): Promise<void> {
  await inScratchNet(t, needs, async net => {
    const plan = net.plan(LISTENERS)
    try {
      await startAnswerer(plan, { folder: t.testdir() })
      const prober = await openProber(net.client, { id: plan.id })
      await body(prober, net)
      await prober.close()
    } finally {
      await endProcesses(plan.id)
    }
  })
}

/** For what ordinary sockets cannot do. */
export const withRawProber: typeof withProber = (t, body, needs = []) => withProber(t, body, ['raw-socket', ...needs])

export const said = ({ experience, detail }: Met) => (detail ? `${experience} (${detail})` : experience)
