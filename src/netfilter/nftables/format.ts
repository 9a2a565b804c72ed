/**
 * Writes nftables' tables as `nft list ruleset` does, byte for byte.
 *
 * Order is kept as it is in the value: what nft lists in an order of its own stands so in what was read from a listing.
 *
 * @see src/rule.c of nftables 1.0.6, `table_print`
 * @module
 */
import { TextBuilder } from '../text-builder.ts'
import { formatNftPriority } from './priority.ts'
import type { NftBase, NftBlock, NftChain, NftFamily, NftRuleset, NftTable } from './rule.ts'
import { formatNftRule } from './rule-text.ts'
import { formatNftSetBody, nftSetKind } from './set-text.ts'

/** The text of `nft list ruleset`; with the kernel's numbers, as with `-a`, where the values have them. */
export function formatNftRuleset(ruleset: NftRuleset): string {
  const text = new TextBuilder()
  for (const table of ruleset.tables) addNftTable(text, table)
  return text.toString()
}

/** The text of `nft list table FAMILY NAME`. */
export function formatNftTable(table: NftTable): string {
  const text = new TextBuilder()
  addNftTable(text, table)
  return text.toString()
}

/** Adds the text of a table, as in `nft list ruleset`. */
export function addNftTable(text: TextBuilder, table: NftTable): void {
  for (const remark of table.remarks ?? []) text.add(`${remark}\n`)
  text.add(`table ${table.family} ${table.name} {${formatHandle(table)}\n`)
  if (table.flags?.length) text.add(`\tflags ${table.flags.join(',')}\n`)
  if (table.comment !== undefined) text.add(`\tcomment "${table.comment}"\n`)
  let before = table.flags?.length ? '\n' : ''
  const addBlock = (head: string, lines: Iterable<string>) => {
    text.add(`${before}\t${head}\n`)
    for (const line of lines) text.add(`\t\t${line}\n`)
    text.add('\t}\n')
    before = '\n'
  }
  const addUnknown = (block: NftBlock) => addBlock(`${block.head} {${formatHandle(block)}`, block.lines)
  const unknown = table.unknown ?? []
  for (const block of unknown) if (!isFlowTable(block)) addUnknown(block)
  for (const set of table.sets) addBlock(`${nftSetKind(set)} ${set.name} {${formatHandle(set)}`, formatNftSetBody(set))
  for (const block of unknown) if (isFlowTable(block)) addUnknown(block)
  for (const chain of table.chains) {
    addBlock(`chain ${chain.name} {${formatHandle(chain)}`, linesOfChain(chain, table.family))
  }
  text.add('}\n')
}

/** Flow tables are listed behind the sets, all else that is not known before them. */
function isFlowTable({ head }: NftBlock): boolean {
  return head.startsWith('flowtable ')
}

function formatHandle({ handle }: { readonly handle?: number }): string {
  return handle === undefined ? '' : ` # handle ${handle}`
}

function* linesOfChain(chain: NftChain, family: NftFamily): Generator<string> {
  yield* chain.spelling ?? formatNftChainHead(chain, family)
  for (const rule of chain.rules) yield formatNftRule(rule)
}

/** The lines above the rules. */
export function formatNftChainHead({ comment, base }: NftChain, family: NftFamily): string[] {
  const lines = comment === undefined ? [] : [`comment "${comment}"`]
  if (base) lines.push(formatNftBase(base, family))
  return lines
}

/** `type nat hook prerouting priority dstnat; policy accept;` */
export function formatNftBase(base: NftBase, family: NftFamily): string {
  const { type, hook, policy, devices = [], offload } = base
  const on =
    devices.length > 1 ? ` devices = { ${devices.join(', ')} }` : devices.map(name => ` device "${name}"`).join('')
  const priority = formatNftPriority(family, base)
  return `type ${type} hook ${hook}${on} priority ${priority}; policy ${policy};${offload ? ' flags offload;' : ''}`
}
