/**
 * The ruleset that a document of rules leaves in the kernel.
 *
 * @module
 */
import { ParseError, within } from '../base/error.ts'
import type { Family } from '../base/ip.ts'
import type { Document, Statement } from './document.ts'
import { eachStatement } from './document-reader.ts'
import { formatRule } from './format.ts'
import { BUILT_IN, type Chain, type Rule, type Ruleset, type Table, type TableName } from './rule.ts'

interface OpenChain {
  policy?: 'accept' | 'drop'
  rules: Rule[]
}

/**
 * Carries out the document's lines in order, on tables that are empty before, as `iptables-restore`
 * does. A chain that a rule is put into exists from then on.
 *
 * @throws {InputError} with the line's number when a command is about a rule or chain that is not there
 */
export function rulesetOf(document: Document): Ruleset {
  const draft = new RulesetDraft(document.family)
  document.lines.forEach((line, i) => {
    within(`line ${i + 1}`, () => draft.apply(line))
  })
  return draft.ruleset()
}

/**
 * The ruleset of {@link parseRules} and {@link rulesetOf} in one go: for rules of thousands of Services, of
 * which the single lines are of no interest.
 *
 * @throws {InputError} with the line's number, as those do
 */
export function readRuleset(text: string, family: Family): Ruleset {
  const draft = new RulesetDraft(family)
  eachStatement(text, family, statement => draft.apply(statement))
  return draft.ruleset()
}

class RulesetDraft {
  readonly #family: Family
  readonly #tables = new Map<TableName, Map<string, OpenChain>>()
  #chains = new Map<string, OpenChain>()
  /** The chain that the line before added rules to: the next is most often for the same. */
  #last: { readonly name: string; readonly chain: OpenChain } | undefined

  constructor(family: Family) {
    this.#family = family
  }

  apply(line: Statement): void {
    if (line.kind === 'append') {
      if (this.#last?.name !== line.chain) this.#last = { name: line.chain, chain: chainFor(this.#chains, line.chain) }
      for (const rule of line.rules) this.#last.chain.rules.push(rule)
      return
    }
    this.#last = undefined
    if (line.kind === 'table') {
      this.#chains = new Map()
      this.#tables.set(line.table, this.#chains)
    } else apply(line, this.#chains, this.#family)
  }

  ruleset(): Ruleset {
    return {
      family: this.#family,
      tables: new Map([...this.#tables].map(([name, open]) => [name, close(name, open)])),
    }
  }
}

/** The kernel's own chains first, then the others in the order of their making. */
function close(name: TableName, open: ReadonlyMap<string, OpenChain>): Table {
  const builtIn = BUILT_IN[name]
  const names = [...builtIn, ...[...open.keys()].filter(chain => !builtIn.includes(chain))]
  const chains = new Map<string, Chain>()
  for (const chain of names) {
    const { rules = [], policy } = open.get(chain) ?? {}
    chains.set(chain, { name: chain, rules, ...(policy && { policy }) })
  }
  return { name, chains }
}

function apply(
  line: Exclude<Statement, { kind: 'append' | 'table' }>,
  chains: Map<string, OpenChain>,
  family: Family,
): void {
  switch (line.kind) {
    case 'remark':
    case 'commit':
    case 'zero':
      return
    case 'chain':
      chains.set(line.chain, { rules: [], ...(line.policy && { policy: line.policy }) })
      return
    case 'insert':
      insert(chainFor(chains, line.chain), line.at, line.rules)
      return
    case 'replace':
    case 'delete at': {
      const { rules } = chainFor(chains, line.chain)
      if (line.at > rules.length)
        throw new ParseError('rule number', `${line.at}`, `chain ${line.chain} has ${rules.length} rules`)
      rules.splice(line.at - 1, 1, ...(line.kind === 'replace' ? line.rules : []))
      return
    }
    case 'delete':
      for (const rule of line.rules) remove(chainFor(chains, line.chain), line.chain, rule, family)
      return
    case 'flush':
      for (const name of line.chain === undefined ? [...chains.keys()] : [line.chain]) chainFor(chains, name).rules = []
      return
    case 'new':
      chainFor(chains, line.chain)
      return
    case 'remove':
      removeChains(chains, line.chain)
      return
    case 'policy':
      chainFor(chains, line.chain).policy = line.policy
      return
    case 'rename':
      chains.set(line.to, chainFor(chains, line.chain))
      chains.delete(line.chain)
  }
}

function chainFor(chains: Map<string, OpenChain>, name: string): OpenChain {
  let chain = chains.get(name)
  if (!chain) {
    chain = { rules: [] }
    chains.set(name, chain)
  }
  return chain
}

/** Each of the rules that one line makes is put in the same place, so that the last comes first. */
function insert({ rules }: OpenChain, at: number, added: readonly Rule[]): void {
  if (at > rules.length + 1) throw new ParseError('rule number', `${at}`, `the chain has ${rules.length} rules`)
  rules.splice(at - 1, 0, ...added.toReversed())
}

function remove({ rules }: OpenChain, chain: string, rule: Rule, family: Family): void {
  const wanted = formatRule(chain, rule, family, 'save')
  const at = rules.findIndex(known => formatRule(chain, known, family, 'save') === wanted)
  if (at < 0) throw new ParseError('rule', wanted, 'the chain has no such rule')
  rules.splice(at, 1)
}

function removeChains(chains: Map<string, OpenChain>, name: string | undefined): void {
  if (name !== undefined) chains.delete(name)
  else for (const [known, { policy, rules }] of chains) if (!policy && rules.length === 0) chains.delete(known)
}
