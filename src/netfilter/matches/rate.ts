/**
 * Extensions that remember or roll dice: `limit`, `statistic`, `recent`.
 *
 * @see extensions/libxt_limit.c, libxt_statistic.c, libxt_recent.c of iptables
 * @module
 */
import { ParseError } from '../../base/error.ts'
import { equalIp, formatIp } from '../../base/ip.ts'
import { addressMask, bare, FULL_MASK, number, parseNumber, under } from '../codec.ts'
import { type Codec, type Context, type Extension, type Option, optionsOf } from '../option.ts'
import type { MatchOn, Rate } from '../rule.ts'

const UNITS = ['sec', 'min', 'hour', 'day'] as const
const SECONDS: Readonly<Record<Rate['per'], number>> = { sec: 1, min: 60, hour: 3600, day: 86400 }
const SPELLINGS = ['second', 'minute', 'hour', 'day'] as const

/** Ticks a second in which `limit` counts the pause between two packets. */
const LIMIT_SCALE = 10_000

/**
 * The rate that the kernel keeps, in the smallest unit that shows it well, as `iptables-save` prints it.
 *
 * @param scale ticks a second in which the kernel counts the pause between two packets
 */
export function keptRate(rate: Rate, scale: number): Rate {
  const pause = Math.floor((scale * SECONDS[rate.per]) / rate.count)
  let found: Rate = rate
  for (const per of UNITS.toReversed()) {
    const ticks = scale * SECONDS[per]
    if (per !== 'day' && (pause > ticks || Math.floor(ticks / pause) < ticks % pause)) break
    found = { count: Math.floor(ticks / pause), per }
  }
  return found
}

/**
 * Reads `5/min`, `5/minute`, or `5` for a rate by the second.
 *
 * @throws {ParseError} when it is malformed or no kernel could keep it
 */
export function parseRate(text: string): Rate {
  const slash = text.indexOf('/')
  const count = parseNumber(slash < 0 ? text : text.slice(0, slash), 'rate')
  const unit = slash < 0 ? 'second' : text.slice(slash + 1).toLowerCase()
  const known = unit === '' ? undefined : UNITS[SPELLINGS.findIndex(name => name.startsWith(unit))]
  if (!known) throw new ParseError('rate', text, 'its unit is not second, minute, hour or day')
  if (count < 1 || count > LIMIT_SCALE * SECONDS[known]) {
    throw new ParseError('rate', text, 'too slow or too fast for the kernel')
  }
  return { count, per: known }
}

/** `5/min` */
export function formatRate({ count, per }: Rate): string {
  return `${count}/${per}`
}

const rate: Codec<Rate> = {
  parse: parseRate,
  format: (value, { form }) => formatRate(form === 'save' ? keptRate(value, LIMIT_SCALE) : value),
}

const ofLimit = optionsOf<MatchOn<'limit'>>()
export const limit: Extension<MatchOn<'limit'>> = {
  name: 'limit',
  options: [
    {
      ...ofLimit.field('rate', ['limit'], rate),
      write: ({ rate: own }, context) => ` --limit ${rate.format(own, context)}`,
    },
    {
      ...ofLimit.field('burst', ['limit-burst'], number('burst', 10_000)),
      write: ({ burst }) => (burst === 5 ? '' : ` --limit-burst ${burst}`),
    },
  ],
  complete: draft => ({ rate: { count: 3, per: 'hour' }, burst: 5, ...draft }),
}

type Statistic = MatchOn<'statistic'>

/**
 * The 31 bits that the kernel keeps of a probability.
 *
 * Ten decimals are what kube-proxy writes, so they decide.
 */
export function probabilityBits(probability: number): number {
  return Math.round(0x8000_0000 * Number(probability.toFixed(10)))
}

/** `0.33333333349` when saved, `0.3333333333` as kube-proxy writes it. */
export function formatProbability(probability: number, { form }: Context): string {
  return form === 'save' ? (probabilityBits(probability) / 0x8000_0000).toFixed(11) : probability.toFixed(10)
}

/** @throws {ParseError} unless `text` is 0 to 1 */
function parseProbability(text: string): number {
  const value = /^(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= 0 && value <= 1)) throw new ParseError('probability', text, 'not a number of 0 to 1')
  const bits = Math.round(0x8000_0000 * value)
  return probabilityBits(value) === bits ? value : bits / 0x8000_0000
}

const modeOption: Option<Statistic> = {
  names: ['mode'],
  words: 1,
  negatable: false,
  read: (draft, text) => {
    if (text !== 'random' && text !== 'nth') throw new ParseError('statistic mode', text, 'neither random nor nth')
    draft['mode'] = text
  },
  write: ({ mode }) => ` --mode ${mode}`,
}

export const statistic: Extension<Statistic> = {
  name: 'statistic',
  options: [
    modeOption,
    {
      ...optionsOf<Statistic>().whole(['probability'], under('probability', number('probability'))),
      read: (draft, text, not) => {
        draft['probability'] = parseProbability(text)
        if (not) draft['not'] = true
      },
      write: (value, context) =>
        value.mode === 'random'
          ? `${value.not ? ' !' : ''} --probability ${formatProbability(value.probability, context)}`
          : '',
    },
    {
      ...optionsOf<Statistic>().whole(['every'], under('every', number('count'))),
      write: value => (value.mode === 'nth' ? `${value.not ? ' !' : ''} --every ${value.every}` : ''),
    },
    {
      ...optionsOf<Statistic>().whole(['packet'], under('packet', number('packet'))),
      write: value => (value.mode === 'nth' ? ` --packet ${value.packet}` : ''),
    },
  ],
  needs: ({ mode }) => (mode === 'nth' ? ['every', 'packet'] : ['mode', 'probability']),
}

type Recent = MatchOn<'recent'>

function what(name: Recent['do']): Option<Recent> {
  return {
    names: [name],
    words: 0,
    negatable: true,
    read: (draft, _text, not) => {
      draft['do'] = name
      if (not) draft['not'] = true
    },
    write: value => (value.do === name ? `${value.not ? ' !' : ''} --${name}` : ''),
  }
}

function side(by: Recent['by'], name: string): Option<Recent> {
  return {
    names: [name],
    words: 0,
    negatable: false,
    read: draft => {
      draft['by'] = by
    },
    write: (value, { form }) => (value.by === by && (form === 'save' || by === 'dst') ? ` --${name}` : ''),
  }
}

const ofRecent = optionsOf<Recent>()
const listName = ofRecent.field('list', ['name'], bare)

export const recent: Extension<Recent> = {
  name: 'recent',
  options: [
    // kube-proxy names the list first, iptables prints it behind what is done with it.
    { ...listName, write: (value, context) => (context.form === 'restore' ? listName.write(value, context) : '') },
    what('set'),
    what('rcheck'),
    what('update'),
    what('remove'),
    ofRecent.field('seconds', ['seconds'], number('seconds')),
    ofRecent.flag('reap', ['reap']),
    ofRecent.field('hits', ['hitcount'], number('hits')),
    ofRecent.flag('ttl', ['rttl']),
    { ...listName, write: (value, context) => (context.form === 'save' ? listName.write(value, context) : '') },
    {
      ...ofRecent.field('mask', ['mask'], addressMask),
      write: ({ mask }, { form, family }) =>
        form === 'save' || !equalIp(mask, FULL_MASK[family]) ? ` --mask ${formatIp(mask)}` : '',
    },
    side('src', 'rsource'),
    side('dst', 'rdest'),
  ],
  complete: (draft, { family }) => ({ list: 'DEFAULT', by: 'src', mask: FULL_MASK[family], ...draft }),
  needs: ['do'],
}
