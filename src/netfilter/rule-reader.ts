/**
 * The options of one rule as a value.
 *
 * The words are taken as getopt takes them: an option belongs to iptables itself or to the
 * extension that was loaded last and has one of that name.
 *
 * @see iptables/xshared.c of iptables, do_parse
 * @module
 */
import { ParseError } from '../base/error.ts'
import type { Family } from '../base/ip.ts'
import type { Protocol } from '../base/protocol.ts'
import { parseNetwork, parseNumber } from './codec.ts'
import { findMatch, findTarget, protocolModule } from './extensions.ts'
import { parseProtocol } from './name.ts'
import type { Context, Option } from './option.ts'
import { findOwnOption, type OwnOption, ownOptionsLike } from './own-option.ts'
import type { Counters, Match, Rule, Target } from './rule.ts'
import { matchesOf, type Part, type Slot, targetOf } from './rule-part.ts'
import type { Word } from './word.ts'

/** What one line of options says: several rules when it lists several addresses, none when it is for the other family. */
export interface ReadRule {
  readonly rules: readonly Rule[]
  readonly counters?: Counters
}

const VERDICTS: Readonly<Record<string, Target>> = {
  ACCEPT: { do: 'accept' },
  DROP: { do: 'drop' },
  RETURN: { do: 'return' },
  QUEUE: { do: 'queue' },
}

/**
 * Reads the options of a rule, such as `-s 10.0.0.1 -j DROP`.
 *
 * @param line the text that the words stand in
 * @param isChain whether the table has a chain of that name, as far as is known
 * @throws {ParseError} when iptables would refuse them for their form
 */
export function readRule(
  words: readonly Word[],
  line: string,
  family: Family,
  isChain: (name: string) => boolean,
): ReadRule {
  const reader = new RuleReader(words, line, { family, form: 'save' }, isChain)
  return reader.read()
}

interface ExtendedOption {
  readonly slot: Slot
  readonly option: Option<never>
}

/** An option of iptables itself, or of an extension that the rule names. */
type Found = { readonly own: OwnOption } | ExtendedOption

class RuleReader {
  readonly #words: readonly Word[]
  readonly #line: string
  readonly #context: Context
  readonly #isChain: (name: string) => boolean
  #at = 0
  #parts: Part[] = []
  #target: Slot | undefined
  #jump: Target | undefined
  #last: Slot | undefined
  #protocol: Protocol | undefined
  #counters: Counters | undefined
  /** Whether the rule is for the other family only. */
  #elsewhere = false

  constructor(words: readonly Word[], line: string, context: Context, isChain: (name: string) => boolean) {
    this.#words = words
    this.#line = line
    this.#context = context
    this.#isChain = isChain
  }

  read(): ReadRule {
    while (this.#at < this.#words.length) this.#readOption()
    const target = this.#target ? targetOf(this.#target, this.#context, this.#isChain) : this.#jump
    const rules = matchesOf(this.#parts, this.#context).map(matches => ({ matches, ...(target && { target }) }))
    return { rules: this.#elsewhere ? [] : rules, ...(this.#counters && { counters: this.#counters }) }
  }

  #readOption(): void {
    const first = this.#next('an option')
    const not = isBang(first)
    const word = not ? this.#next('an option') : first
    const option = splitOption(word)
    const found = option && this.#find(option.name)
    if (!found) this.#keep(first, word)
    else if ('own' in found) this.#readOwn(found.own, option?.value, not)
    else this.#readExtended(found, first, option?.value, not)
  }

  /** The next word. */
  #next(what: string): Word {
    const word = this.#words[this.#at++]
    if (!word) throw new ParseError('rule', this.#line, `it ends where ${what} is expected`)
    return word
  }

  /** Words that only the last extension may understand. */
  #keep(first: Word, last: Word): void {
    const slot = this.#last
    if (!slot) throw new ParseError('rule', this.#line, `nothing knows what "${last.text}" is`)
    if (!slot.unknown) slot.why = `Cannot tell what "${last.text}" is`
    slot.unknown = true
    slot.written.push(this.#line.slice(first.start, last.end))
  }

  /**
   * The option of that name: of iptables itself, of the extension that was loaded last and has one,
   * or the only one whose name begins so, or else one of the protocol. What stands behind an extension that
   * podwire does not know may be an option of it, whatever others are called.
   */
  #find(name: string): Found | undefined {
    const own = findOwnOption(name)
    if (own || this.#last?.unknown) return own && { own }
    const slots = this.#slots()
    for (const slot of slots) {
      const option = slot.loaded?.table.options.find(({ names }) => names.includes(name))
      if (option) return { slot, option }
    }
    return this.#findAbbreviated(name, slots) ?? this.#findImplied(name)
  }

  /** `-p tcp --dport 80` needs no `-m tcp`. */
  #findImplied(name: string): Found | undefined {
    const module = this.#protocol === undefined ? undefined : protocolModule(this.#protocol)
    const loaded = module === undefined ? undefined : findMatch(module)
    if (!module || this.#slots().some(slot => slot.name === module)) return undefined
    const similar = loaded?.table.options.filter(({ names }) => names.some(known => known.startsWith(name))) ?? []
    const option = similar.find(({ names }) => names.includes(name)) ?? (similar.length === 1 ? similar[0] : undefined)
    return option && { slot: this.#load(module), option }
  }

  #findAbbreviated(name: string, slots: readonly Slot[]): Found | undefined {
    const found: Found[] = ownOptionsLike(name).map(own => ({ own }))
    for (const slot of slots) {
      for (const option of slot.loaded?.table.options ?? []) {
        if (option.names.some(known => known.startsWith(name))) found.push({ slot, option })
      }
    }
    return found.length === 1 ? found[0] : undefined
  }

  /** The extensions, the last one first. */
  #slots(): Slot[] {
    const slots = this.#parts.filter(part => part.kind === 'extension')
    if (this.#target) slots.push(this.#target)
    return slots.reverse()
  }

  #load(name: string): Slot {
    const loaded = findMatch(name)
    const slot: Slot = {
      kind: 'extension',
      loaded,
      name: loaded?.table.name ?? name,
      draft: {},
      written: [],
      unknown: !loaded,
    }
    this.#parts.push(slot)
    this.#last = slot
    return slot
  }

  #readExtended({ slot, option }: ExtendedOption, first: Word, value: string | undefined, bang: boolean): void {
    if (slot.written.length === 0) this.#moveUp(slot)
    const [texts, not] = this.#values(option, value, bang)
    slot.written.push(this.#line.slice(first.start, this.#words[this.#at - 1]?.end))
    try {
      if (not && !option.negatable) throw new ParseError('option', `--${option.names[0]}`, 'it cannot be negated')
      option.read(slot.draft, texts.join(' '), not, this.#context)
    } catch (error) {
      // What podwire does not understand it keeps: whoever wrote the rule may know more.
      if (!(error instanceof ParseError)) throw error
      slot.unknown = true
      slot.why = error.message
    }
  }

  /** `-m tcp -p tcp -d 10.0.0.1 --dport 80` says the port last: it is there that its extension stands. */
  #moveUp(slot: Slot): void {
    const at = this.#parts.indexOf(slot)
    const behind = this.#parts.slice(at + 1)
    if (at < 0 || behind.some(part => part.kind === 'extension')) return
    this.#parts = [...this.#parts.slice(0, at), ...behind, slot]
  }

  /** The words that an option takes, and whether a `!` stands before it or, as of old, behind it. */
  #values(
    { words: count, negatable }: { words: number; negatable: boolean },
    attached: string | undefined,
    bang: boolean,
  ): [texts: string[], not: boolean] {
    const texts = attached === undefined ? [] : [attached]
    let not = bang
    while (texts.length < count) {
      const word = this.#next('a value')
      if (negatable && texts.length === 0 && !not && isBang(word)) not = true
      else texts.push(word.text)
    }
    if (texts.length > count) throw new ParseError('rule', this.#line, 'a value stands where none is expected')
    return [texts, not]
  }

  #readOwn(option: OwnOption, attached: string | undefined, bang: boolean): void {
    const [texts, not] = this.#values(option, attached, bang)
    const [text = ''] = texts
    if (not && !option.negatable) throw new ParseError('rule', this.#line, `--${option.name} cannot be negated`)
    switch (option.name) {
      case 'source':
      case 'destination':
        this.#addAddresses(option.name === 'source' ? 'src' : 'dst', text, not)
        break
      case 'in-interface':
      case 'out-interface':
        this.#addDevice(option.name === 'in-interface' ? 'in' : 'out', text, not)
        break
      case 'protocol':
        this.#addProtocol(text, not)
        break
      case 'fragments':
        this.#add({ on: 'fragment', ...(not && { not: true }) })
        break
      case 'match':
        this.#load(text)
        break
      case 'goto':
        this.#jump = { do: 'goto', chain: text }
        break
      case 'jump':
        this.#addTarget(text)
        break
      case 'ipv4':
      case 'ipv6':
        this.#elsewhere ||= option.name !== `ipv${this.#context.family}`
        break
      case 'set-counters':
        this.#counters = {
          packets: parseNumber(text, 'counter', 2 ** 53),
          bytes: parseNumber(texts[1] ?? '', 'counter', 2 ** 53),
        }
    }
  }

  #add(match: Match): void {
    this.#parts.push({ kind: 'own', match })
  }

  #addAddresses(on: 'src' | 'dst', text: string, not: boolean): void {
    const networks = text.split(',').map(one => parseNetwork(one, this.#context.family))
    if (not && networks.length > 1) throw new ParseError('rule', this.#line, 'several addresses cannot be negated')
    if (this.#parts.some(part => part.kind === 'addresses' && part.on === on)) {
      throw new ParseError('rule', this.#line, `it has several options ${on === 'src' ? '-s' : '-d'}`)
    }
    this.#parts.push({ kind: 'addresses', on, networks, not })
  }

  #addDevice(on: 'in' | 'out', device: string, not: boolean): void {
    if (device === '' || device.length > 15 || /[\s/]/.test(device))
      throw new ParseError('device', device, 'not a name of 1 to 15 characters')
    if (device !== '+' || not) this.#add({ on, device, ...(not && { not: true }) })
  }

  #addProtocol(text: string, not: boolean): void {
    const is = parseProtocol(text)
    if (is === 0 && not) throw new ParseError('protocol', text, 'all protocols cannot be negated')
    if (is === 0) return
    if (!not) this.#protocol = is
    this.#add({ on: 'proto', is, ...(not && { not: true }) })
  }

  #addTarget(name: string): void {
    if (name === '') throw new ParseError('rule', this.#line, 'its target has no name')
    const verdict = Object.hasOwn(VERDICTS, name) ? VERDICTS[name] : undefined
    if (verdict) {
      this.#jump = verdict
      return
    }
    const loaded = findTarget(name)
    this.#target = { kind: 'extension', loaded, name, draft: {}, written: [], unknown: !loaded }
    this.#last = this.#target
  }
}

function isBang(word: Word): boolean {
  return word.text === '!' && !word.quoted
}

/** `--name`, `--name=value`, `-x`; nothing when the word is no option. iptables refuses `-xvalue`. */
function splitOption(word: Word): { readonly name: string; readonly value?: string } | undefined {
  const { text } = word
  if (/^-[^-]$/.test(text)) return { name: text }
  if (!text.startsWith('--') || text === '--') return undefined
  const equals = text.indexOf('=')
  return equals < 0 ? { name: text.slice(2) } : { name: text.slice(2, equals), value: text.slice(equals + 1) }
}
