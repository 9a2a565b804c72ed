/**
 * The grammar of Corefiles: server blocks with plugins in them.
 *
 *     KEY [KEY...] {
 *         PLUGIN [ARGUMENT...] {
 *             PROPERTY [ARGUMENT...]
 *         }
 *     }
 *
 * What the plugins mean is not known here. `{$NAME}` stays as it is: the environment of CoreDNS' pod is not ours.
 *
 * @see github.com/coredns/caddy, caddyfile/lexer.go and parse.go
 * @module
 */
import { ParseError } from '../base/error.ts'

/** A plugin, or one of its properties. */
export interface Directive {
  readonly name: string
  readonly args: readonly string[]
  readonly block: readonly Directive[]
  /** Counted from 1. */
  readonly line: number
}

export interface ServerBlock {
  readonly keys: readonly string[]
  readonly plugins: readonly Directive[]
}

interface Token {
  readonly text: string
  readonly line: number
}

/** How deep snippets may import each other; caddy has no limit and loops. */
const MOST_IMPORTS = 10

/** @throws {ParseError} naming the line */
export function parseCorefile(text: string): readonly ServerBlock[] {
  return new Parser(tokensOf(text)).file()
}

export function corefileError(text: string, line: number, problem: string): ParseError {
  return new ParseError('Corefile at', text, `line ${line}: ${problem}`)
}

/** A quoted text; or anything up to a space. A `#` is a comment only where a word may begin. */
const TOKEN = /"((?:\\.|[^"\\])*)"|#[^\n]*|(\n)|([^\s]+)/gs

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  let line = 1
  for (const [whole, quoted, newline, word] of text.matchAll(TOKEN)) {
    if (quoted !== undefined) tokens.push({ text: quoted.replace(/\\(["\\])/g, '$1'), line })
    else if (word !== undefined) tokens.push({ text: word, line })
    line += newline === undefined ? (whole.match(/\n/g)?.length ?? 0) : 1
  }
  return tokens
}

class Parser {
  readonly #tokens: readonly Token[]
  #next = 0
  readonly #snippets = new Map<string, readonly Directive[]>()

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  file(): readonly ServerBlock[] {
    const blocks: ServerBlock[] = []
    while (this.#peek()) {
      const { keys, line } = this.#keys()
      const plugins = this.#block(0)
      const [first = ''] = keys
      const snippet = /^\((.+)\)$/.exec(first)?.[1]
      if (snippet !== undefined) this.#snippets.set(snippet, plugins)
      else if (keys.length === 0) throw corefileError('{', line, 'a server block without a zone')
      else blocks.push({ keys, plugins })
    }
    return blocks
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next]
  }

  /** Keys up to the opening brace; a comma may stand between them. */
  #keys(): { readonly keys: readonly string[]; readonly line: number } {
    const keys: string[] = []
    const line = this.#peek()?.line ?? 0
    for (let token = this.#peek(); token; token = this.#peek()) {
      this.#next++
      if (token.text === '{') return { keys, line }
      keys.push(...token.text.split(',').filter(key => key !== ''))
    }
    throw corefileError(keys.at(-1) ?? '', line, 'a server block is not opened with "{"')
  }

  /** Directives up to the closing brace. */
  #block(depth: number): readonly Directive[] {
    const directives: Directive[] = []
    for (let token = this.#peek(); token; token = this.#peek()) {
      this.#next++
      if (token.text === '}') return directives
      directives.push(...this.#directive(token, depth))
    }
    throw corefileError('}', this.#tokens.at(-1)?.line ?? 1, 'a block is not closed with "}"')
  }

  /** One directive, or those of the snippet that it imports. */
  #directive({ text, line }: Token, depth: number): readonly Directive[] {
    const args: string[] = []
    let block: readonly Directive[] = []
    for (let token = this.#peek(); token && token.line === line && token.text !== '}'; token = this.#peek()) {
      this.#next++
      if (token.text === '{') {
        if (depth === MOST_IMPORTS) throw corefileError(text, line, 'blocks are nested too deep')
        block = this.#block(depth + 1)
        break
      }
      args.push(token.text)
    }
    const imported = text === 'import' ? this.#snippets.get(args[0] ?? '') : undefined
    return imported ?? [{ name: text, args, block, line }]
  }
}
