/**
 * The text of rules and their statements, as `nft list ruleset` writes it.
 *
 * @see src/statement.c and src/expression.c of nftables 1.0.6
 * @module
 */
import { isBits, typesOf } from './datatype.ts'
import { formatNftDuration } from './duration.ts'
import type { NftExpression, NftValue } from './expression.ts'
import {
  formatNftBits,
  formatNftCounter,
  formatNftExpression,
  formatNftHost,
  formatNftLookup,
  formatNftValue,
  formatNftVerdict,
} from './expression-text.ts'
import type { NftRule, NftStatement } from './rule.ts'

type Statement<Do extends NftStatement['do']> = Extract<NftStatement, { do: Do }>

/** One line without its indent: `ct state new jump services comment "why"`. */
export function formatNftRule(rule: NftRule): string {
  if (rule.spelling !== undefined) return rule.spelling
  const text = formatNftStatements(rule)
  return rule.handle === undefined ? text : `${text} # handle ${rule.handle}`
}

/** A rule as it is for a file: without its number. */
export function formatNftStatements({ statements, comment }: NftRule): string {
  let text = ''
  for (const [i, statement] of statements.entries()) {
    text += i === 0 ? formatNftStatement(statement) : ` ${formatNftStatement(statement)}`
  }
  if (comment === undefined) return text
  return statements.length === 0 ? `comment "${comment}"` : `${text} comment "${comment}"`
}

export function formatNftStatement(statement: NftStatement): string {
  switch (statement.do) {
    case 'match':
      return formatMatch(statement)
    case 'verdict':
      return formatNftVerdict(statement.verdict)
    case 'vmap':
      return `${formatNftExpression(statement.key)} vmap ${formatNftLookup(statement.in)}`
    case 'mangle':
      return `${formatNftExpression(statement.key)} set ${formatNftExpression(statement.value)}`
    case 'nat':
      return formatNat(statement)
    case 'reject':
      return formatReject(statement)
    case 'counter':
      return formatNftCounter(statement)
    case 'set': {
      const timeout = statement.timeout === undefined ? '' : ` timeout ${formatNftDuration(statement.timeout)}`
      return `${statement.how} @${statement.set} { ${formatNftExpression(statement.key)}${timeout} }`
    }
    case 'log':
      return ['log', ...statement.options.map(formatLogOption)].join(' ')
    case 'limit':
      return formatLimit(statement)
    case 'notrack':
      return 'notrack'
    case 'unknown':
      return statement.text
  }
}

function formatMatch({ left, op, right }: Statement<'match'>): string {
  // Behind a calculation, and where bits are meant as one number, the comparison is said even if it is for equality.
  const said = op === '==' && left.kind !== 'binary' ? '' : `${op} `
  if (right.kind === 'named' || right.kind === 'anonymous') {
    return `${formatNftExpression(left)} ${said}${formatNftLookup(right)}`
  }
  const short = left.kind === 'binary' && left.op === '&' ? findMasked(left.left, left.right, op, right) : undefined
  if (short !== undefined) return short
  if (op === '==' && isZero(right) && isBits(typesOf(left)[0])) return `${formatNftExpression(left)} == 0x0`
  return `${formatNftExpression(left)} ${said}${said === '' ? formatNftValue(right) : formatNftBits(right)}`
}

/** The short form of a comparison of some bits, where nft has one. */
function findMasked(of: NftExpression, mask: NftExpression, op: string, right: NftValue): string | undefined {
  if (mask.kind !== 'value' || (op !== '==' && op !== '!=')) return undefined
  const { value } = mask
  const asked = formatNftExpression(of)
  const said = op === '==' ? '' : '!= '
  if (value.kind === 'mark' && right.kind === 'mark') {
    const bits = Math.clz32(~value.mark)
    return isLeading(value.mark) ? `${asked} ${said}${formatNftValue(right)}/${bits}` : undefined
  }
  if (value.kind !== 'flags' && value.kind !== 'symbol') return undefined
  // None of these.
  if (op === '==' && isZero(right)) return `${asked} ! ${formatNftValue(value)}`
  // Of these, just those.
  return value.kind === 'flags' ? `${asked} ${said}${formatNftValue(right)} / ${formatNftValue(value)}` : undefined
}

/** Whether the mask is of leading ones, and neither of none nor of all. */
function isLeading(mask: number): boolean {
  const rest = ~mask
  return mask !== 0 && rest !== 0 && (rest & (rest + 1)) === 0
}

function isZero(value: NftValue): boolean {
  return value.kind === 'number' && value.number === 0
}

function formatNat({ nat, family, address, port, flags }: Statement<'nat'>): string {
  let text: string = nat
  if (address || port) {
    text += family === undefined ? ' to ' : ` ${family} to `
    if (address) text += port && address.kind === 'value' ? formatNftHost(address.value) : formatNftExpression(address)
    if (port) text += `:${formatNftExpression(port)}`
  }
  return flags?.length ? `${text} ${flags.join(',')}` : text
}

function formatReject({ with: answer }: Statement<'reject'>): string {
  if (!answer) return 'reject'
  return answer.code === undefined ? `reject with ${answer.type}` : `reject with ${answer.type} ${answer.code}`
}

function formatLogOption([name, value]: readonly [name: string, value: string]): string {
  return name === 'prefix' ? `prefix "${value}"` : `${name} ${value}`
}

function formatLimit({ rate, unit, per, burst, over }: Statement<'limit'>): string {
  const much = unit === 'packets' ? `${rate}` : `${rate} ${unit}`
  const most = burst ? ` burst ${burst.amount} ${burst.unit}` : ''
  return `limit rate ${over ? 'over ' : ''}${much}/${per}${most}`
}
