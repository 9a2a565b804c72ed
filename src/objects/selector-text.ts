/**
 * The grammar of label selectors in text.
 *
 *     selector    = "" | requirement *("," requirement)
 *     requirement = ["!"] KEY | KEY ("=" | "==" | "!=" | ">" | "<") [VALUE] | KEY ("in" | "notin") "(" [values] ")"
 *     values      = [VALUE] *("," [VALUE])
 *
 * @see staging/src/k8s.io/apimachinery/pkg/labels/selector.go of Kubernetes
 *
 * @module
 */
import { quote } from './finding.ts'
import { labelValueProblems, qualifiedNameProblems } from './name.ts'
import { findInt64, type Operator, type Requirement, sorted } from './requirement.ts'

/** Text that is no label selector; the message is the API server's. */
export class SelectorError extends SyntaxError {
  override readonly name = 'SelectorError'
  readonly code = 'ERR_SELECTOR'
}

interface Token {
  readonly is: 'word' | 'end' | 'symbol'
  readonly text: string
}

const TOKEN = /[ \t\r\n]*(?:(==|!=|[=!(),<>])|([^ \t\r\n=!(),<>]+))/y
const BINARY: Readonly<Record<string, Operator>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
}

function* tokens(text: string): Generator<Token> {
  let offset = 0
  for (;;) {
    TOKEN.lastIndex = offset
    const found = TOKEN.exec(text)
    if (found === null) return
    offset = TOKEN.lastIndex
    yield found[1] === undefined ? { is: 'word', text: found[2] ?? '' } : { is: 'symbol', text: found[1] }
  }
}

const END: Token = { is: 'end', text: '' }

/** Reads one selector; used through `parseSelector`. */
export class SelectorParser {
  private readonly tokens: readonly Token[]
  private next = 0

  constructor(text: string) {
    this.tokens = [...tokens(text)]
  }

  selector(): Requirement[] {
    const requirements: Requirement[] = []
    if (this.peek().is === 'end') return requirements
    this.expect(startsRequirement, "!, identifier, or 'end of string'")
    for (;;) {
      requirements.push(this.requirement())
      const { is, text } = this.take()
      if (is === 'end') return requirements
      if (text !== ',') throw new SelectorError(`found '${text}', expected: ',' or 'end of string'`)
      this.expect(startsRequirement, "identifier after ','")
    }
  }

  private requirement(): Requirement {
    try {
      return this.condition()
    } catch (error) {
      throw error instanceof SelectorError ? new SelectorError(`unable to parse requirement: ${error.message}`) : error
    }
  }

  private condition(): Requirement {
    const absent = this.peek().text === '!'
    if (absent) this.take()
    const { is, text: key } = this.take()
    if (is !== 'word') throw new SelectorError(`found '${key}', expected: identifier`)
    refuse('<nil>', key, qualifiedNameProblems(key))
    if (absent) return { key, operator: '!', values: [] }
    const after = this.peek()
    if (after.is === 'end' || after.text === ',') return { key, operator: 'exists', values: [] }
    const operator = this.operator()
    const values = operator === 'in' || operator === 'notin' ? this.values() : [this.value()]
    return checked({ key, operator, values: sorted(values) })
  }

  private operator(): Operator {
    const { text } = this.take()
    const operator = Object.hasOwn(BINARY, text) ? BINARY[text] : undefined
    if (operator !== undefined) return operator
    throw new SelectorError(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`)
  }

  private value(): string {
    const before = this.peek()
    if (before.is === 'end' || before.text === ',') return ''
    const { is, text } = this.take()
    if (is !== 'word') throw new SelectorError(`found '${text}', expected: identifier`)
    return text
  }

  /** `(a,b)`; nothing before, between or behind commas is the empty value, and so is nothing at all. */
  private values(): string[] {
    const open = this.take()
    if (open.text !== '(') throw new SelectorError(`found '${open.text}' expected: '('`)
    const values: string[] = []
    const first = this.peek()
    if (first.is !== 'word' && first.text !== ',' && first.text !== ')') {
      throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`)
    }
    for (;;) {
      const { is, text } = this.peek()
      values.push(is === 'word' ? this.take().text : '')
      if (is !== 'word' && text !== ',' && text !== ')') {
        throw new SelectorError(`found '${text}', expected: ',', or identifier`)
      }
      const after = this.take()
      if (after.text === ')') return values
      if (after.text !== ',') throw new SelectorError(`found '${after.text}', expected: ',' or ')'`)
    }
  }

  private expect(wanted: (token: Token) => boolean, words: string): void {
    const token = this.peek()
    if (!wanted(token)) throw new SelectorError(`found '${token.text}', expected: ${words}`)
  }

  private peek(): Token {
    return this.tokens[this.next] ?? END
  }

  private take(): Token {
    return this.tokens[this.next++] ?? END
  }
}

function startsRequirement({ is, text }: Token): boolean {
  return is === 'word' || text === '!'
}

function checked(requirement: Requirement): Requirement {
  const { key, operator, values } = requirement
  for (const [index, value] of values.entries()) {
    if ((operator === 'gt' || operator === 'lt') && findInt64(value) === undefined) {
      refuse(`values[${index}]`, value, ["for 'Gt', 'Lt' operators, the value must be an integer"])
    }
    refuse(`values[${index}][${key}]`, value, labelValueProblems(value))
  }
  return requirement
}

function refuse(field: string, value: string, problems: readonly string[]): void {
  if (problems.length > 0) throw new SelectorError(`${field}: Invalid value: ${quote(value)}: ${problems.join('; ')}`)
}
