/**
 * Targets that decide, mark or log.
 *
 * @see extensions/libipt_REJECT.c, libxt_MARK.c, libxt_CONNMARK.c, libxt_LOG.c of iptables
 * @module
 */
import { ParseError } from '../../base/error.ts'
import type { Family } from '../../base/ip.ts'
import { formatHex, oneOf, parseMasked, parseNumber, quoted, word32 } from '../codec.ts'
import { type Codec, type Draft, type Extension, type Option, optionsOf } from '../option.ts'
import type { TargetDo } from '../rule.ts'

/** What REJECT answers when nothing is said. */
const DEFAULT_ANSWER: Readonly<Record<Family, string>> = {
  4: 'icmp-port-unreachable',
  6: 'icmp6-port-unreachable',
}

// biome-ignore format: a table
const ANSWERS: Readonly<Record<Family, readonly (readonly [name: string, short: string])[]>> = {
  4: [
    ['icmp-net-unreachable', 'net-unreach'], ['icmp-host-unreachable', 'host-unreach'],
    ['icmp-proto-unreachable', 'proto-unreach'], ['icmp-port-unreachable', 'port-unreach'],
    ['icmp-net-prohibited', 'net-prohib'], ['icmp-host-prohibited', 'host-prohib'],
    ['tcp-reset', 'tcp-rst'], ['icmp-admin-prohibited', 'admin-prohib'],
  ],
  6: [
    ['icmp6-no-route', 'no-route'], ['icmp6-adm-prohibited', 'adm-prohibited'],
    ['icmp6-addr-unreachable', 'addr-unreach'], ['icmp6-port-unreachable', 'port-unreach'],
    ['tcp-reset', 'tcp-reset'], ['icmp6-policy-fail', 'policy-fail'], ['icmp6-reject-route', 'reject-route'],
  ],
}

/** Names may be cut short, as iptables allows: the first that begins so is meant. */
const answer: Codec<string> = {
  parse: (text, { family }) => {
    const wanted = text.toLowerCase()
    for (const [name, short] of ANSWERS[family]) if (wanted === name || wanted === short) return name
    const cut = ANSWERS[family].find(names => wanted !== '' && names.some(name => name.startsWith(wanted)))
    if (!cut) throw new ParseError('answer of REJECT', text, 'no answer of this family is called so')
    return cut[0]
  },
  format: name => name,
}

const answerOption = optionsOf<TargetDo<'reject'>>().field('with', ['reject-with'], answer)
export const reject: Extension<TargetDo<'reject'>> = {
  name: 'REJECT',
  complete: (draft, { family }) => ({ with: DEFAULT_ANSWER[family], ...draft }),
  options: [
    {
      ...answerOption,
      write: (value, context) =>
        context.form === 'restore' && value.with === DEFAULT_ANSWER[context.family]
          ? ''
          : answerOption.write(value, context),
    },
  ],
}

type Mark = TargetDo<'mark'>
type Set = (value: number, mask: number) => { readonly set: number; readonly mask: number }

/** A way to say which bits of a mark become what; they differ in what they make of value and mask. */
function setOption<V>(names: readonly [string, ...string[]], set: Set, fields: Draft = {}): Option<V> {
  return {
    names,
    words: 1,
    negatable: false,
    read: (draft, text) => {
      const { value, mask } = parseMasked(text)
      Object.assign(draft, set(value, mask), fields)
    },
    write: () => '',
  }
}

/** Bits that are set must be cleared first, which is what `--set-mark` adds to `--set-xmark`. */
const setMark: Set = (value, mask) => ({ set: value, mask: mask | value })
const setXmark: Set = (value, mask) => ({ set: value, mask })
const andMark: Set = value => ({ set: 0, mask: ~value })
const orMark: Set = value => ({ set: value, mask: value })
const xorMark: Set = value => ({ set: value, mask: 0 })

export const mark: Extension<Mark> = {
  name: 'MARK',
  options: [
    {
      ...setOption<Mark>(['set-xmark'], setXmark),
      write: ({ set, mask }, context) => {
        const value = formatHex(set, context)
        if (context.form === 'save') return ` --set-xmark ${value}/${formatHex(mask, context)}`
        if (mask === set) return ` --or-mark ${value}`
        return mask === 0 ? ` --xor-mark ${value}` : ` --set-xmark ${value}/${formatHex(mask, context)}`
      },
    },
    setOption(['set-mark'], setMark),
    setOption(['and-mark'], andMark),
    setOption(['or-mark'], orMark),
    setOption(['xor-mark'], xorMark),
  ],
  needs: ['mask'],
}

type Connmark = TargetDo<'connmark'>

function copyOption(op: 'save' | 'restore'): Option<Connmark> {
  return {
    names: [`${op}-mark`],
    words: 0,
    negatable: false,
    read: draft => {
      draft['op'] = op
      draft['nfmask'] ??= -1
      draft['ctmask'] ??= -1
    },
    write: (value, context) =>
      value.op === op
        ? ` --${op}-mark --nfmask ${formatHex(value.nfmask, context)} --ctmask ${formatHex(value.ctmask, context)}`
        : '',
  }
}

function maskOption(name: string, fields: readonly ('nfmask' | 'ctmask')[]): Option<Connmark> {
  return {
    names: [name],
    words: 1,
    negatable: false,
    read: (draft, text, _not, context) => {
      for (const field of fields) draft[field] = word32.parse(text, context)
    },
    write: () => '',
  }
}

export const connmark: Extension<Connmark> = {
  name: 'CONNMARK',
  options: [
    {
      ...setOption<Connmark>(['set-xmark'], setXmark, { op: 'set' }),
      write: (value, context) =>
        value.op === 'set' ? ` --set-xmark ${formatHex(value.set, context)}/${formatHex(value.mask, context)}` : '',
    },
    setOption(['set-mark'], setMark, { op: 'set' }),
    setOption(['and-mark'], andMark, { op: 'set' }),
    setOption(['or-mark'], orMark, { op: 'set' }),
    setOption(['xor-mark'], xorMark, { op: 'set' }),
    copyOption('save'),
    copyOption('restore'),
    maskOption('nfmask', ['nfmask']),
    maskOption('ctmask', ['ctmask']),
    maskOption('mask', ['nfmask', 'ctmask']),
  ],
  needs: ['op'],
}

const LEVELS = oneOf('log level', ['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug'])
const LEVEL_NAMES = ['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug']
const LEVEL_ALIASES: ReadonlyMap<string, string> = new Map([
  ['panic', 'emerg'],
  ['err', 'error'],
  ['warn', 'warning'],
])

const level: Codec<number> = {
  parse: (text, context) =>
    /^\d/.test(text)
      ? parseNumber(text, 'log level', 7)
      : LEVEL_NAMES.indexOf(LEVELS.parse(LEVEL_ALIASES.get(text.toLowerCase()) ?? text, context)),
  format: String,
}

const ofLog = optionsOf<TargetDo<'log'>>()
export const log: Extension<TargetDo<'log'>> = {
  name: 'LOG',
  options: [
    ofLog.field('prefix', ['log-prefix'], quoted, ''),
    ofLog.field('level', ['log-level'], level, 4),
    ofLog.flag('tcpSequence', ['log-tcp-sequence']),
    ofLog.flag('tcpOptions', ['log-tcp-options']),
    ofLog.flag('ipOptions', ['log-ip-options']),
    ofLog.flag('uid', ['log-uid']),
    ofLog.flag('macDecode', ['log-macdecode']),
  ],
}

export const notrack: Extension<TargetDo<'notrack'>> = { name: 'NOTRACK', options: [] }
export const trace: Extension<TargetDo<'trace'>> = { name: 'TRACE', options: [] }
