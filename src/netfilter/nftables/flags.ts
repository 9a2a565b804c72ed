/**
 * What in a ruleset was kept as it is because podwire does not know it.
 *
 * @module
 */
import type { NftExpression } from './expression.ts'
import type { NftRuleset, NftStatement, NftTable } from './rule.ts'

export interface NftFlag {
  /** `inet filter` */
  readonly table: string
  /** `chain input rule 3`, `set blocked`, or nothing more than the table. */
  readonly place: string
  /** What was kept; of a block, its head. */
  readonly text: string
}

/** In the order of a listing: parts of tables, sets, rules. */
export function flagsOfNft(ruleset: NftRuleset): NftFlag[] {
  return ruleset.tables.flatMap(flagsOfTable)
}

function flagsOfTable({ family, name, unknown = [], sets, chains }: NftTable): NftFlag[] {
  const table = `${family} ${name}`
  const flags: NftFlag[] = unknown.map(({ head }) => ({ table, place: 'table', text: head }))
  for (const set of sets) {
    const place = `set ${set.name}`
    const parts = [...(set.typeof?.key ?? []), ...(set.typeof?.data ?? [])]
    for (const text of [...(set.unknown ?? []), ...parts.flatMap(textsIn)]) flags.push({ table, place, text })
    for (const { unknown: text } of set.elements) if (text !== undefined) flags.push({ table, place, text })
  }
  for (const chain of chains) {
    for (const [i, rule] of chain.rules.entries()) {
      const place = `chain ${chain.name} rule ${i + 1}`
      for (const text of rule.statements.flatMap(textsOf)) flags.push({ table, place, text })
    }
  }
  return flags
}

/** What is not known in a statement. */
function textsOf(statement: NftStatement): string[] {
  switch (statement.do) {
    case 'unknown':
      return [statement.text]
    case 'match':
      return textsIn(statement.left)
    case 'vmap':
    case 'set':
      return textsIn(statement.key)
    case 'mangle':
      return [...textsIn(statement.key), ...textsIn(statement.value)]
    case 'nat':
      return [statement.address, statement.port].flatMap(one => (one ? textsIn(one) : []))
    default:
      return []
  }
}

function textsIn(expression: NftExpression): string[] {
  switch (expression.kind) {
    case 'unknown':
      return [expression.text]
    case 'binary':
      return [...textsIn(expression.left), ...textsIn(expression.right)]
    case 'concat':
      return expression.parts.flatMap(textsIn)
    case 'map':
      return textsIn(expression.key)
    default:
      return []
  }
}
