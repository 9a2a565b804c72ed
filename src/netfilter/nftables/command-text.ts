/**
 * Writes single changes for `nft -f`, one in a line. A file of them is one transaction.
 *
 * @module
 */
import { TextBuilder } from '../text-builder.ts'
import type { NftCommand } from './command.ts'
import type { NftElement } from './expression.ts'
import { formatNftElement, formatNftElementKey } from './expression-text.ts'
import { formatNftBase } from './format.ts'
import type { NftRule } from './rule.ts'
import { formatNftStatements } from './rule-text.ts'
import { formatNftSetHead, nftSetKind } from './set-text.ts'

/** A file for `nft -f`: all of the commands, in order, or none. */
export function formatNftCommands(commands: Iterable<NftCommand>): string {
  const text = new TextBuilder()
  for (const command of commands) text.add(`${formatNftCommand(command)}\n`)
  return text.toString()
}

/** `add element ip kube-proxy cluster-ips { 10.96.0.1 }` */
export function formatNftCommand(command: NftCommand): string {
  const where = `${command.family} ${command.table}`
  switch (command.do) {
    case 'add table':
      return `add table ${where}${inBraces(commentLines(command.comment))}`
    case 'delete table':
    case 'flush table':
      return `${command.do} ${where}`
    case 'add chain': {
      const base = command.base ? [formatNftBase(command.base, command.family)] : []
      return `add chain ${where} ${command.chain}${inBraces([...base, ...commentLines(command.comment)])}`
    }
    case 'delete chain':
    case 'flush chain':
      return `${command.do} ${where} ${command.chain}`
    case 'add set':
      return `add ${nftSetKind(command.set)} ${where} ${command.set.name}${inBraces(formatNftSetHead(command.set))}`
    case 'delete set':
      return `delete ${nftSetKind(command.set)} ${where} ${command.set.name}`
    case 'flush set':
      return `flush ${nftSetKind(command.set)} ${where} ${command.set.name}`
    case 'add elements':
      return `add element ${where} ${command.set} ${listed(command.elements, formatNftElement)}`
    case 'delete elements':
      return `delete element ${where} ${command.set} ${listed(command.elements, formatNftElementKey)}`
    case 'add rule':
    case 'insert rule':
      return `${command.do} ${where} ${command.chain} ${formatForFile(command.rule)}`
    case 'replace rule':
      return `replace rule ${where} ${command.chain} handle ${command.handle} ${formatForFile(command.rule)}`
    case 'delete rule':
      return `delete rule ${where} ${command.chain} handle ${command.handle}`
  }
}

function commentLines(comment: string | undefined): string[] {
  return comment === undefined ? [] : [`comment "${comment}"`]
}

/** Properties in one line end with a semicolon each. */
function inBraces(lines: readonly string[]): string {
  if (lines.length === 0) return ''
  return ` { ${lines.map(line => (line.endsWith(';') ? line : `${line};`)).join(' ')} }`
}

function listed(elements: readonly NftElement[], format: (element: NftElement) => string): string {
  return `{ ${elements.map(format).join(', ')} }`
}

function formatForFile({ spelling, ...rule }: NftRule): string {
  return spelling === undefined ? formatNftStatements(rule) : spelling.replace(/ # handle \d+$/, '')
}
