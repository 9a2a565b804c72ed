/**
 * What happens at one of netfilter's five hooks: the words that the runner and its readers share.
 *
 * @see include/uapi/linux/netfilter.h, include/uapi/linux/netfilter_ipv4.h of Linux
 * @module
 */
import type { Choose } from '../../base/choice.ts'
import type { Millis } from '../../base/clock.ts'
import type { Ip } from '../../base/ip.ts'
import type { Random } from '../../base/random.ts'
import type { Packet } from '../../packet/packet.ts'
import type { AddressType, Match, Rule, TableName } from '../rule.ts'
import type { Tuple } from './conntrack.ts'
import type { Skb, Tracked } from './skb.ts'

export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting'

/** The devices that a packet came by and leaves by, as far as the hook knows them. */
export interface Devices {
  readonly in?: string
  readonly out?: string
  /** The bridge ports behind them, of a packet that crosses a bridge. */
  readonly physIn?: string
  readonly physOut?: string
  /** The packet stays on the bridge: it is bridged, not routed. */
  readonly bridged?: true
  /** The next hop of the route that was chosen; absent: the destination itself. */
  readonly via?: Ip
}

/** What rules ask of the machine around them. */
export interface Surroundings {
  /** What the machine's routes say of an address; with `device`, as seen through it. */
  readonly addressType: (ip: Ip, device?: string) => AddressType
  /** The address that masquerading takes: of `device`, towards `via`. Absent: the device has none. */
  readonly sourceOf: (device: string, via: Ip) => Ip | undefined
  /** Whether the way back to the packet's source leads through `device`. */
  readonly reachesBack: (packet: Packet, device: string, options: ReversePath) => boolean
  /** The machine's own addresses on a device, the first one first: for `REDIRECT`. */
  readonly addressesOf: (device: string) => readonly Ip[]
  /** A kernel setting by its dotted name. */
  readonly sysctl: (key: string) => string | undefined
}

export interface ReversePath {
  readonly loose: boolean
  readonly acceptLocal: boolean
  /** The mark to route by. */
  readonly mark: number
}

/** What a run is told from outside: the time and all chance. */
export interface Circumstances {
  readonly now: Millis
  readonly choose: Choose
  /** For ports that NAT draws. */
  readonly random: Random
  /** Also say which rules did not match, and why. */
  readonly verbose: boolean
  /** What to take a rule for that cannot be decided; absent: the run ends there. */
  readonly assume?: 'match' | 'miss'
}

/** Where a rule stands, as the kernel's tracing names it: `nat:KUBE-SERVICES:7`. */
export interface RulePlace {
  readonly table: TableName
  readonly chain: string
  /** From 1. */
  readonly number: number
}

/** What a rule did to the packet that it matched. `continue`: the next rule is next. */
export type Effect =
  | 'accept'
  | 'drop'
  | 'reject'
  | 'jump'
  | 'goto'
  | 'return'
  | 'queue'
  | 'dnat'
  | 'snat'
  | 'masquerade'
  | 'redirect'
  | 'continue'

export interface RuleStep extends RulePlace {
  readonly kind: 'rule'
  readonly rule: Rule
  readonly effect: Effect
  /** The draw that let the rule match: so many of so many. */
  readonly chance?: { readonly taken: number; readonly of: number }
  /** What else was done, in words: `mark 0x4000 set`, `connection mark saved`. */
  readonly note?: string
  /** The rule could not be decided, and this was assumed. */
  readonly assumed?: Undecided
}

/** Rules that did not match; only in a verbose run. Neighbours that failed on one reason are one step. */
export interface MissStep extends RulePlace {
  readonly kind: 'miss'
  /** The last of them; the first is `number`. */
  readonly to: number
  /** The first of them. */
  readonly rule: Rule
  readonly match: Match
  /** In words: `source 10.244.1.20 is in 10.244.0.0/16`. */
  readonly why: string
  /** The draw by which the rule did not match: so many of so many would have. */
  readonly chance?: { readonly taken: number; readonly of: number }
}

/** The end of a built-in chain. */
export interface PolicyStep {
  readonly kind: 'policy'
  readonly table: TableName
  readonly chain: string
  readonly policy: 'accept' | 'drop'
}

/** What connection tracking made of the packet. */
export interface TrackStep {
  readonly kind: 'track'
  readonly tracked: Tracked
  /** Both directions as they were then; absent when there is no connection. */
  readonly tuples?: { readonly original: Tuple; readonly reply: Tuple }
}

/** NAT rewrote the packet as the connection says. `by`: what the connection was set up by, or that it was before. */
export interface RewriteStep {
  readonly kind: 'rewrite'
  readonly of: 'source' | 'destination'
  readonly by: 'rule' | 'connection' | 'clash' | 'related'
}

/** The connection was entered into the table. */
export interface ConfirmStep {
  readonly kind: 'confirm'
  readonly tuples: { readonly original: Tuple; readonly reply: Tuple }
}

/** A rule whose outcome podwire cannot know. */
export interface Undecided extends RulePlace {
  readonly rule: Rule
  /** In words: `extension "psd" is not run`. */
  readonly why: string
}

/** `before` and `after` are the same value where nothing changed. */
export type HookStep = (RuleStep | MissStep | PolicyStep | TrackStep | RewriteStep | ConfirmStep) & {
  readonly before: Skb
  readonly after: Skb
}

export type HookResult =
  | { readonly verdict: 'accept'; readonly skb: Skb; readonly steps: readonly HookStep[] }
  | {
      readonly verdict: 'drop'
      readonly skb: Skb
      readonly steps: readonly HookStep[]
      /** What dropped it: the last step, in words. */
      readonly why: string
      /**
       * What REJECT sends back, made on this machine, with the connection of the packet that it is
       * about. Its source is unspecified where the route back to its destination chooses it.
       */
      readonly answer?: Skb
      /**
       * The bridge port that the answer leaves by at once, past all hooks, routes and un-NAT, from
       * the MAC that the frame was for to the one that it came from: Linux resets so what came in by
       * a bridge whose packets are shown to iptables. Absent: the machine sends it as its own.
       */
      readonly answerBy?: string
    }
  | {
      readonly verdict: 'undecided'
      readonly skb: Skb
      readonly steps: readonly HookStep[]
      readonly undecided: Undecided
    }
