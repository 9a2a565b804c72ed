/**
 * Targets after which the next rule is next: what they change, and a note of it.
 *
 * @see net/netfilter/xt_mark.c, xt_connmark.c, xt_CT.c, xt_DSCP.c, xt_HL.c, xt_TCPMSS.c,
 * xt_TCPOPTSTRIP.c, net/ipv4/netfilter/ipt_ECN.c of Linux
 * @module
 */
import type { Packet } from '../../packet/packet.ts'
import { isTcp } from '../../packet/packet.ts'
import { parseMasked } from '../codec.ts'
import { hex } from '../listed.ts'
import type { TargetDo } from '../rule.ts'
import { type Options, wordOf } from './option-word.ts'
import { changeMark, changeSkb, type Probe } from './probe.ts'
import { type Change, setChange } from './set-change.ts'
import { clampMss, stripOptions } from './tcp-options.ts'

export type Act = (probe: Probe) => Change

type Going = TargetDo<'mark' | 'connmark' | 'notrack' | 'trace' | 'log' | 'extension' | 'unknown'>

const NOTHING: Change = {}

/** What a target does, if the next rule is next after it. */
export function actOf(target: Going): Act {
  switch (target.do) {
    case 'mark':
      return setMark(target)
    case 'connmark':
      return target.op === 'set' ? setConnectionMark(target) : copyMark(target)
    case 'notrack':
      return untrack
    case 'trace':
    case 'log':
      return () => NOTHING
    case 'extension':
      return extensionAct(target.name, target.options)
    case 'unknown': {
      const change = { undecided: `the target ${target.name} is not known${target.why ? `: ${target.why}` : ''}` }
      return () => change
    }
  }
}

function setMark({ set, mask }: TargetDo<'mark'>): Act {
  const change = { note: `mark ${maskedText(set, mask)} set` }
  return probe => {
    changeMark(probe, (probe.mark & ~mask) ^ set)
    return change
  }
}

/** The bits that are set are all that is said of a mask which covers just them. */
function maskedText(set: number, mask: number): string {
  return mask === set || mask === -1 ? hex(set, 1) : `${hex(set, 1)}/${hex(mask, 1)}`
}

function setConnectionMark({ set, mask }: { readonly set: number; readonly mask: number }): Act {
  const change = { note: `connection mark ${maskedText(set, mask)} set` }
  return ({ skb: { tracked } }) => {
    if (!tracked?.connection) return WITHOUT_CONNECTION
    tracked.connection.mark = (tracked.connection.mark & ~mask) ^ set
    return change
  }
}

const WITHOUT_CONNECTION: Change = { note: 'no connection to mark' }
const SAVED: Change = { note: 'connection mark saved' }
const RESTORED: Change = { note: 'mark restored from the connection' }

function copyMark({ op, nfmask, ctmask }: Extract<TargetDo<'connmark'>, { readonly op: 'save' | 'restore' }>): Act {
  return probe => {
    const connection = probe.skb.tracked?.connection
    if (!connection) return WITHOUT_CONNECTION
    if (op === 'save') {
      connection.mark = (connection.mark & ~ctmask) ^ (probe.mark & nfmask)
      return SAVED
    }
    changeMark(probe, (probe.mark & ~nfmask) ^ (connection.mark & ctmask))
    return RESTORED
  }
}

const UNTRACKED: Change = { note: 'connection tracking passes it over' }
const TRACKED_ALREADY: Change = { note: 'tracked already' }

/** Only before connection tracking has seen the packet. */
function untrack(probe: Probe): Change {
  if (probe.skb.tracked?.connection) return TRACKED_ALREADY
  changeSkb(probe, { ...probe.skb, tracked: { state: 'UNTRACKED', direction: 'original' } })
  return UNTRACKED
}

/** Targets that the verdict and the packet as podwire knows it do not depend on. */
const WITHOUT_EFFECT: readonly string[] = [
  'AUDIT',
  'CHECKSUM',
  'CLASSIFY',
  'CONNSECMARK',
  'IDLETIMER',
  'NFLOG',
  'SECMARK',
]

const ACTS: Readonly<Record<string, (options: Options) => Act>> = {
  CT: actOfCt,
  DSCP: actOfDscp,
  ECN: () => removeEcn,
  HL: actOfHops,
  SET: setChange,
  TCPMSS: actOfTcpmss,
  TCPOPTSTRIP: options => {
    const kinds = (wordOf(options, 'strip-options') ?? '').split(',').map(Number)
    return probe => changePacket(probe, stripOptions(probe.skb.packet, kinds), 'TCP options stripped')
  },
  TEE: options => {
    const change = { note: `a copy goes to ${wordOf(options, 'gateway') ?? 'a gateway'}, which is not followed` }
    return () => change
  },
  TOS: actOfTos,
  TTL: actOfHops,
}

function extensionAct(name: string, options: Options): Act {
  if (WITHOUT_EFFECT.includes(name)) return () => NOTHING
  const make = Object.hasOwn(ACTS, name) ? ACTS[name] : undefined
  const change = { undecided: `the target ${name} is not carried out` }
  return make ? make(options) : () => change
}

function changePacket(probe: Probe, packet: Packet, note: string): Change {
  if (packet === probe.skb.packet) return NOTHING
  changeSkb(probe, { ...probe.skb, packet })
  return { note }
}

/** Zones part connections that podwire keeps together; all else is only for helpers and listeners. */
function actOfCt(options: Options): Act {
  if (options.some(({ name }) => name.startsWith('zone'))) {
    const change = { undecided: 'zones of connection tracking are not kept apart' }
    return () => change
  }
  return options.some(({ name }) => name === 'notrack') ? untrack : () => NOTHING
}

function actOfDscp(options: Options): Act {
  const text = wordOf(options, 'set-dscp') ?? '0'
  const code = Number(text)
  return probe => {
    const { packet } = probe.skb
    const tos = (packet.tos & 3) | (code << 2)
    return tos === packet.tos ? NOTHING : changePacket(probe, { ...packet, tos }, `DSCP ${text} set`)
  }
}

function actOfTos(options: Options): Act {
  const { value, mask } = parseMasked(wordOf(options, 'set-tos') ?? '0/0')
  return probe => {
    const { packet } = probe.skb
    const tos = ((packet.tos & ~mask) ^ value) & 0xff
    return tos === packet.tos ? NOTHING : changePacket(probe, { ...packet, tos }, `TOS ${hex(tos, 2)} set`)
  }
}

/** `ttl-set`, `ttl-inc`, `ttl-dec`, and the same for hop limits. */
function actOfHops([option]: Options): Act {
  const by = Number(option?.words[0] ?? 0)
  const kind = option?.name.slice(-3)
  return probe => {
    const { packet } = probe.skb
    const wanted = kind === 'set' ? by : kind === 'inc' ? packet.ttl + by : packet.ttl - by
    const ttl = Math.min(255, Math.max(0, wanted))
    return ttl === packet.ttl ? NOTHING : changePacket(probe, { ...packet, ttl }, `TTL ${ttl} set`)
  }
}

const ECE_CWR = 64 | 128

function removeEcn(probe: Probe): Change {
  const { packet } = probe.skb
  const { payload } = packet
  if (!isTcp(payload) || (payload.flags & ECE_CWR) === 0) return NOTHING
  return changePacket(
    probe,
    { ...packet, payload: { ...payload, flags: payload.flags & ~ECE_CWR } },
    'ECN bits cleared',
  )
}

const NOT_CLAMPED: Change = { note: 'the MSS is clamped to the path MTU, which is not followed' }

function actOfTcpmss(options: Options): Act {
  const text = wordOf(options, 'set-mss')
  if (text === undefined) return () => NOT_CLAMPED
  const mss = Number(text)
  return probe => changePacket(probe, clampMss(probe.skb.packet, mss), `MSS ${mss} set`)
}
