/**
 * Every step of an exchange, opened to rules: those that matched and, of a path told in full, those
 * that did not and why.
 *
 * @module
 */

import { formatIp } from '../base/ip.ts'
import { formatMac } from '../base/mac.ts'
import { formatNear, ratio } from '../base/ratio.ts'
import type { HookStep, MissStep } from '../netfilter/run/hook.ts'
import type { Step } from '../node/step.ts'
import { changesOf } from '../packet/changes.ts'
import type { Packet } from '../packet/packet.ts'
import { summaryOf } from '../packet/summary.ts'
import { hex } from './condition-text.ts'
import type { TraceContext, Writing } from './context.ts'
import { sentPacket } from './endings.ts'
import type { Exchange, Hop, Journey, Try } from './journey.ts'
import { type Page, paint, spelled } from './layout.ts'
import type { Tone } from './line.ts'
import { partsOf } from './parts.ts'
import { formatRoute } from './route-text.ts'
import { formatObject, objectOf } from './rule-object.ts'
import { formatPlace, type MatchedRule, savedRule } from './rule-text.ts'
import { type HookPart, skippedMasquerade } from './skipped.ts'
import { sizesOf } from './step-line.ts'
import { wayOf } from './story.ts'
import { formatTuple } from './tuple-text.ts'

interface Row {
  readonly text: string
  readonly tone: Tone
}

export function formatVerbose({ tries = [], request, reply }: Exchange, context: TraceContext & Writing): string {
  const all: readonly Try[] = [...tries, { request, ...(reply ? { reply } : {}) }]
  return all
    .flatMap(one => [
      formatJourney(one.request, '', context),
      ...(one.reply ? [formatJourney(one.reply, '← ', context)] : []),
    ])
    .join('\n')
}

function formatJourney(journey: Journey, sign: string, context: TraceContext & Writing): string {
  const way = wayOf(journey)
  const head = `${sign}${summaryOf(sentPacket(journey))}`
  const lines = [`${paint(spelled(head, context), 'head', context)}\n`]
  for (const [at, index] of way.entries()) {
    const hop = journey.hops[index]
    if (hop) lines.push(formatHop(hop, `${sign}${at}`, context))
  }
  return lines.join('')
}

function formatHop(hop: Hop, number: string, context: TraceContext & Writing): string {
  const page: Page = context
  const rows = partsOf(hop).flatMap(part => {
    const own = part.hook
      ? hookRows({ ...part, machine: hop.machine }, context)
      : stepRows(part.step, hop.machine, context)
    // Set in, as the one packet is in the other.
    return part.outer ? own.map(row => ({ ...row, text: `  ${row.text}` })) : own
  })
  const head = paint(spelled(`${number.padStart(2)}  ${hop.machine}`, page), 'head', page)
  return [head, ...rows.map(({ text, tone }) => paint(spelled(`    ${text}`, page), tone, page))]
    .map(line => `${line}\n`)
    .join('')
}

function stepRows(step: Step, machine: string, context: TraceContext): readonly Row[] {
  const said: Row = { text: stepText(step, machine, context), tone: toneOf(step) }
  // A tunnel puts one packet into another: its fields do not change, it is another packet.
  return step.component === 'vxlan' ? [said] : [said, ...changeRows(step.before, step.after)]
}

/** The longest chain name that kube-proxy makes, its table and its number. */
const WIDTH = 34

function named(name: string, text: string): string {
  return `${name.padEnd(WIDTH)}  ${text}`.trimEnd()
}

function toneOf(step: Step): Tone {
  if (step.component === 'socket') return step.action === 'deliver' ? 'good' : 'bad'
  const bad = ['drop', 'expire', 'unanswered', 'too big', 'none']
  return 'action' in step && bad.includes(step.action) ? 'bad' : 'plain'
}

function stepText(step: Step, machine: string, context: TraceContext): string {
  switch (step.component) {
    case 'link': {
      const { src, dst } = step.frame
      return named(`link ${step.link}`, `${step.action}  ${formatMac(src)} > ${formatMac(dst)}`)
    }
    case 'bridge': {
      const to = step.outPorts.length > 0 ? ` to ${step.outPorts.join(', ')}` : ''
      return named(`bridge ${step.bridge}`, `${step.action} from ${step.inPort}${to}${because(step.why)}`)
    }
    case 'netfilter':
      return named(step.hook, step.step.kind)
    case 'route': {
      const found = step.route ? formatRoute(step.route) : 'none'
      const table = step.table === undefined ? '' : `  table ${step.table}`
      return named(
        'route',
        `${step.action}${step.again ? ' again' : ''}  ${found}${table}${step.rule ? `  ${step.rule}` : ''}`,
      )
    }
    case 'source':
      return named('source', `${formatIp(step.ip)}, from the ${step.from}`)
    case 'rp_filter':
      return named('rp_filter', `${step.action}  ${step.mode} on ${step.link}`)
    case 'ttl':
      return named('ttl', step.action)
    case 'neighbour':
      return named(
        `neighbour ${step.link}`,
        `${formatIp(step.ip)} ${step.mac ? `is at ${formatMac(step.mac)} (${step.action})` : step.action}`,
      )
    case 'vxlan': {
      const outer = step.outer
        ? `  outer ${summaryOf(step.outer)}  ${step.action === 'encapsulate' ? sizesOf(step.link, step.outer, machine, context) : ''}`
        : ''
      return named(`vxlan ${step.link}`, `${step.action}  vni ${step.vni}${outer}${because(step.why)}`.trimEnd())
    }
    case 'mtu':
      return named(`mtu ${step.link}`, `too big  ${step.length} bytes, mtu ${step.mtu}`)
    case 'fragment':
      return named(
        'fragment',
        `${step.action}  ${step.pieces} pieces${step.mtu === undefined ? '' : `, mtu ${step.mtu}`}`,
      )
    case 'socket':
      return named('socket', `${step.action}${because(step.listener.what)}`)
    case 'skipped':
      return named('skipped', `${step.what}${because(step.why)}`)
  }
}

function because(why: string | undefined): string {
  return why === undefined ? '' : `  (${why})`
}

/** What a step did to the packet, a field a line. */
function changeRows(before: Packet, after: Packet): readonly Row[] {
  if (before === after || before.family !== after.family) return []
  return changesOf(before, after).map(({ field, from, to }) => ({
    text: named('', `diff  ${field} ${from} → ${to}`),
    tone: 'change' as const,
  }))
}

function hookRows(part: HookPart, context: TraceContext): readonly Row[] {
  const rows: Row[] = [{ text: part.hook.toUpperCase(), tone: 'plain' }]
  for (const step of part.steps) rows.push(...hookStepRows(step, part, context))
  const skipped = skippedMasquerade(part, context)
  if (skipped) rows.push({ text: named('skipped', `${skipped.what}  (${skipped.why.join('; ')})`), tone: 'dim' })
  return rows
}

function hookStepRows(step: HookStep, { family }: HookPart, context: TraceContext): readonly Row[] {
  switch (step.kind) {
    case 'rule':
      return [ruleRow(step, family, context), ...markRows(step), ...changeRows(step.before.packet, step.after.packet)]
    case 'miss':
      return [missRow(step, family)]
    case 'policy':
      return [
        {
          text: named(`${step.table}:${step.chain}`, `policy ${step.policy.toUpperCase()}`),
          tone: step.policy === 'drop' ? 'bad' : 'plain',
        },
      ]
    case 'track': {
      const { tracked, tuples } = step
      const both = tuples ? `  orig ${formatTuple(tuples.original)}  reply ${formatTuple(tuples.reply)}` : ''
      return [{ text: named('conntrack', `${tracked.state}${both}`), tone: 'plain' }]
    }
    case 'rewrite':
      return [
        { text: named('nat', `${step.of} rewritten (${REWRITTEN_BY[step.by]})`), tone: 'change' },
        ...changeRows(step.before.packet, step.after.packet),
      ]
    case 'confirm':
      return [
        {
          text: named(
            'conntrack',
            `confirmed  orig ${formatTuple(step.tuples.original)}  reply ${formatTuple(step.tuples.reply)}`,
          ),
          tone: 'plain',
        },
      ]
  }
}

const REWRITTEN_BY: Readonly<Record<Extract<HookStep, { kind: 'rewrite' }>['by'], string>> = {
  rule: 'by the rule',
  connection: 'as the connection has it',
  clash: 'the tuple was taken',
  related: 'as the connection has it that the error is about',
}

function ruleRow(step: MatchedRule, family: 4 | 6, context: TraceContext): Row {
  const object = objectOf(step, context)
  const to = step.effect === 'dnat' ? holderOf(step, context) : undefined
  const chance = step.chance ? `  p=${formatNear(ratio(step.chance.taken, step.chance.of))}` : ''
  const origin = [...(object ? [formatObject(object)] : []), ...(to === undefined ? [] : [to])].join(', ')
  const text = [
    savedRule(step, family),
    `${step.effect.toUpperCase()}${chance}`,
    ...(step.note === undefined ? [] : [step.note]),
    ...(step.assumed ? [`assumed: ${step.assumed.why}`] : []),
    ...(origin === '' ? [] : [`← ${origin}`]),
  ]
  return {
    text: named(formatPlace(step), text.join('   ')),
    tone: step.effect === 'drop' || step.effect === 'reject' ? 'bad' : 'plain',
  }
}

/** Who has the address that a rule sends packets to. */
function holderOf({ rule }: MatchedRule, { world }: TraceContext): string | undefined {
  const { target } = rule
  const to = target?.do === 'dnat' ? target.to : undefined
  const holder = to && world.holderOf(to.from)
  return holder?.includes('/') ? `pod ${holder}` : holder
}

function markRows({ before, after }: MatchedRule): readonly Row[] {
  return before.mark === after.mark
    ? []
    : [{ text: named('', `diff  mark ${hex(before.mark)} → ${hex(after.mark)}`), tone: 'change' }]
}

function missRow(step: MissStep, family: 4 | 6): Row {
  const { table, chain, number, to, why, chance } = step
  const place = number === to ? formatPlace(step) : `${table}:${chain}:${number}..${to}`
  const chances = chance ? `${formatNear(ratio(chance.taken, chance.of))} (other path)` : undefined
  const text =
    number === to
      ? `${savedRule(step, family)}   ${chances ?? `no match: ${why}`}`
      : `${to - number + 1} rules   no match: ${why}`
  return { text: named(place, text), tone: 'dim' }
}
