/**
 * What happens to a packet inside one machine, step by step, and how that can end.
 *
 * @module
 */
import type { Ip, Prefix } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { Route } from '../host/host.ts'
import type { Devices, Hook, HookStep, Undecided } from '../netfilter/run/hook.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import type { Frame, Packet } from '../packet/packet.ts'

/** One step. `before` and `after` are the packet around it: the same value where nothing changed. */
export type Step = StepDetail & { readonly before: Packet; readonly after: Packet }

export type StepDetail =
  /** A frame came in by a link, or leaves by one (then as it leaves). */
  | {
      readonly component: 'link'
      readonly action: 'receive' | 'transmit'
      readonly link: string
      readonly frame: Frame
    }
  | BridgeStep
  /** A rule, a policy, connection tracking or NAT. */
  | { readonly component: 'netfilter'; readonly hook: Hook; readonly step: HookStep }
  | RouteStep
  /** The source address that the machine gave a packet of its own. */
  | { readonly component: 'source'; readonly action: 'choose'; readonly ip: Ip; readonly from: 'route' | 'device' }
  | {
      readonly component: 'rp_filter'
      readonly action: 'pass' | 'drop'
      readonly link: string
      readonly mode: 'strict' | 'loose'
    }
  | { readonly component: 'ttl'; readonly action: 'decrement' | 'expire' }
  | NeighbourStep
  | VxlanStep
  | {
      readonly component: 'mtu'
      readonly action: 'too big'
      readonly link: string
      readonly mtu: number
      readonly length: number
    }
  | {
      readonly component: 'fragment'
      readonly action: 'split' | 'reassemble' | 'wait'
      readonly pieces: number
      readonly mtu?: number
    }
  /** The packet reached a program of the machine, or found none. */
  | { readonly component: 'socket'; readonly action: 'deliver' | 'refuse'; readonly listener: Listener }
  /** Something that a reader would expect and that did not happen, and why. */
  | { readonly component: 'skipped'; readonly what: string; readonly why: string }

export interface BridgeStep {
  readonly component: 'bridge'
  /** `local`: up to the machine itself. */
  readonly action: 'forward' | 'flood' | 'local' | 'drop'
  readonly bridge: string
  /** Of a frame that the machine itself sends by the bridge: the bridge. */
  readonly inPort: string
  /** The ports that the frame leaves by. */
  readonly outPorts: readonly string[]
  readonly why?: string
}

export interface RouteStep {
  readonly component: 'route'
  readonly action: 'local' | 'forward' | 'output' | 'none'
  /** Absent where there is none. */
  readonly route?: Route
  /** The routing table in which it was found, by name or number. */
  readonly table?: string
  /** A rule of `ip rule` other than the usual three led to the table. */
  readonly rule?: string
  /** The packet was routed again, for its destination or mark was changed. */
  readonly again?: true
  readonly to?: Prefix
}

export interface NeighbourStep {
  readonly component: 'neighbour'
  /** `permanent`: from the table; `answered`: somebody on the link has the address. */
  readonly action: 'permanent' | 'answered' | 'unanswered'
  readonly link: string
  readonly ip: Ip
  readonly mac?: Mac
}

export interface VxlanStep {
  readonly component: 'vxlan'
  readonly action: 'encapsulate' | 'decapsulate' | 'drop'
  readonly link: string
  readonly vni: number
  /** The packet that carries, or carried, the frame. */
  readonly outer?: Packet
  readonly why?: string
}

/** Who is behind an address and port of a machine. */
export interface Listener {
  /** `unknown`: podwire does not know what listens there, and takes it that something does. */
  readonly listens: 'yes' | 'no' | 'unknown'
  /** Nothing is known to listen, for nothing says so; a program may all the same. */
  readonly assumed?: true
  /** A raw socket takes whatever is of the protocol: nobody is told that nothing listens at the port. */
  readonly overheard?: true
  /** In words: `container web, port http`. */
  readonly what?: string
}

/**
 * How a packet's way can end, but for its delivery. The list is closed.
 *
 * `silent` ends tell nobody; the others answer, or fail a call of the sending program.
 */
export type End =
  | { readonly kind: 'dropped by rule'; readonly why: string }
  | { readonly kind: 'rejected by rule'; readonly why: string }
  /** Nothing listens: TCP is reset, UDP is told "port unreachable". */
  | { readonly kind: 'refused'; readonly why: string }
  | {
      readonly kind: 'no route'
      readonly why: string
      readonly type: 'none' | 'blackhole' | 'unreachable' | 'prohibit'
    }
  | { readonly kind: 'not forwarding'; readonly why: string }
  | { readonly kind: 'no neighbour'; readonly why: string }
  | { readonly kind: 'no forwarding entry'; readonly why: string }
  | { readonly kind: 'not for this machine'; readonly why: string }
  | { readonly kind: 'reverse path'; readonly why: string }
  | { readonly kind: 'martian'; readonly why: string }
  | { readonly kind: 'ttl exceeded'; readonly why: string }
  | { readonly kind: 'too big'; readonly why: string }
  | { readonly kind: 'bad vxlan'; readonly why: string }
  | { readonly kind: 'bridge'; readonly why: string }
  | { readonly kind: 'link down'; readonly why: string }
  /** A rule that podwire cannot decide. */
  | { readonly kind: 'undecided'; readonly why: string; readonly undecided: Undecided }
  /** A broadcast or a message that no program waits for, taken by the kernel itself. */
  | { readonly kind: 'consumed'; readonly why: string }

/** A frame on its way out by a link. */
export interface Departure {
  readonly link: string
  readonly frame: Frame
  /** The packet of which it is a piece: once the far end does not take one, those behind it are not sent. */
  readonly pieceOf?: Packet
}

/** A packet at one of netfilter's hooks, whether there are rules or not. */
export interface HookPassing {
  readonly hook: Hook
  readonly devices: Devices
  readonly before: Skb
  /** Absent: it did not come out again. */
  readonly after?: Skb
}

/** What became of one frame or packet in one machine. */
export interface Passage {
  readonly steps: readonly Step[]
  /** Every hook that a packet came to, in order. */
  readonly passings: readonly HookPassing[]
  readonly departures: readonly Departure[]
  /** The packet reached a program. */
  readonly delivered?: { readonly skb: Skb; readonly listener: Listener }
  readonly ended?: End
  /** What the machine itself sends in consequence: ICMP errors, resets, echo replies. To be handed to `send`. */
  readonly answers: readonly Skb[]
}
