/**
 * What the reader of a rule has found, before it becomes a value.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import type { Prefix } from '../base/ip.ts'
import { type Loaded, protocolModule } from './extensions.ts'
import { type Context, completeDraft, type Draft } from './option.ts'
import type { ExtensionOption, Match, Target } from './rule.ts'

/** An extension that the rule names, with what has been read of its options. */
export interface Slot {
  readonly kind: 'extension'
  readonly loaded: Loaded | undefined
  readonly name: string
  readonly draft: Draft
  /** Its options as they were written. */
  readonly written: string[]
  /** An option that podwire does not know makes the whole extension unknown. */
  unknown: boolean
  /** What podwire did not understand of its options. */
  why?: string
}

/** `-s` and `-d`, which may name several networks. */
export interface Addresses {
  readonly kind: 'addresses'
  readonly on: 'src' | 'dst'
  readonly networks: readonly Prefix[]
  readonly not: boolean
}

export interface Own {
  readonly kind: 'own'
  readonly match: Match
}

/** A condition, in the order in which conditions were written. */
export type Part = Slot | Addresses | Own

/** Targets that need a module of their own, in case one is named and no chain is called so. */
const FOREIGN_TARGETS: ReadonlySet<string> = new Set(
  'ACCOUNT BALANCE CHAOS CLUSTERIP DELUDE ECHO FLOWOFFLOAD FTOS HMARK IMQ IPMARK IPV4OPTSSTRIP JOOL LED LOGMARK MIRROR NETFLOW PROTO RATEEST RAWDNAT RAWSNAT ROUTE RTPENGINE SAME SNPT DNPT SYSRQ TARPIT ULOG XOR'.split(
    ' ',
  ),
)

/** The target that was named and its options: a chain's name when nothing else is called so. */
export function targetOf(slot: Slot, context: Context, isChain: (name: string) => boolean): Target {
  const { loaded, name, written } = slot
  if (!loaded && written.length === 0 && (!FOREIGN_TARGETS.has(name) || isChain(name)))
    return { do: 'jump', chain: name }
  const value = completed(slot, context)
  if (!value || !loaded) return { do: 'unknown', name, ...verbatim(slot) }
  if (loaded.kind !== 'extension') return { do: loaded.kind, ...value } as Target
  const options = value['options'] as readonly ExtensionOption[]
  if (name === 'CT' && options.length === 1 && options[0]?.name === 'notrack') return { do: 'notrack' }
  return { do: 'extension', name, options }
}

function matchOf(slot: Slot, context: Context): Match {
  const { loaded, name } = slot
  const value = completed(slot, context)
  if (!value || !loaded) return { on: 'unknown', module: name, ...verbatim(slot) }
  if (loaded.kind !== 'extension') return { on: loaded.kind, ...value } as Match
  return { on: 'extension', module: name, options: value['options'] as readonly ExtensionOption[] }
}

/** What the options say, unless podwire does not understand them. */
function completed(slot: Slot, context: Context): Draft | undefined {
  if (slot.unknown || !slot.loaded) return undefined
  try {
    return completeDraft(slot.loaded.table, slot.draft, context)
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    slot.why = error.message
    return undefined
  }
}

function verbatim({ written, why }: Slot): { readonly text: string; readonly why?: string } {
  return { text: written.join(' '), ...(why !== undefined && { why }) }
}

/** The conditions, once for each pair of a source and a destination. */
export function matchesOf(parts: readonly Part[], context: Context): Match[][] {
  const settled = settle(parts)
  const only = soleRule(settled, context)
  if (only) return [only]
  let all: Match[][] = [[]]
  for (const part of settled) {
    if (part.kind === 'addresses') all = spread(all, part)
    else {
      const match = part.kind === 'own' ? part.match : matchOf(part, context)
      for (const matches of all) matches.push(match)
    }
  }
  return all
}

/** The conditions of a line that names no more than one network of each kind, as nearly all do. */
function soleRule(parts: readonly Part[], context: Context): Match[] | undefined {
  const matches: Match[] = []
  for (const part of parts) {
    if (part.kind !== 'addresses') matches.push(part.kind === 'own' ? part.match : matchOf(part, context))
    else {
      const { on, networks, not } = part
      const [network] = networks
      if (network === undefined || networks.length > 1) return undefined
      if (network.bits > 0 || not) matches.push(not ? { on, in: network, not } : { on, in: network })
    }
  }
  return matches
}

/** Sources vary slowest, in whichever order the two options stand. */
function spread(all: readonly Match[][], { on, networks, not }: Addresses): Match[][] {
  const conditions = networks.map(network =>
    network.bits === 0 && !not ? [] : [{ on, in: network, ...(not && { not: true as const }) }],
  )
  return on === 'src'
    ? conditions.flatMap(condition => all.map(matches => [...matches, ...condition]))
    : all.flatMap(matches => conditions.map(condition => [...matches, ...condition]))
}

/** In `-m tcp -p tcp` without options of tcp, its extension stands behind the protocol. */
function settle(given: readonly Part[]): readonly Part[] {
  if (!given.some(part => part.kind === 'extension' && part.written.length === 0)) return given
  const parts = [...given]
  for (const slot of given) {
    if (slot.kind !== 'extension' || slot.written.length > 0) continue
    const at = parts.indexOf(slot)
    const next = parts.findIndex((part, i) => i > at && (part.kind === 'extension' || isProtocol(part, slot.name)))
    if (parts[next]?.kind !== 'own') continue
    parts.splice(next + 1, 0, slot)
    parts.splice(at, 1)
  }
  return parts
}

function isProtocol(part: Addresses | Own, module: string): boolean {
  return part.kind === 'own' && part.match.on === 'proto' && protocolModule(part.match.is) === module
}
