/**
 * Where a machine's rules stand, read from its tools when it is first asked for.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import type { Family } from '../base/ip.ts'
import { LabError } from './failure.ts'
import { type InsideCall, runInside } from './inside.ts'
import type { LabMachine } from './lab.ts'
import type { LoggedTrace } from './log-stream.ts'
import type { NftTrace } from './nft-trace.ts'
import type { RuleSight } from './observation.ts'
import { tracedOf } from './observed-packet.ts'
import { chainKey, type Lengths, type Positions, readLengths, readPositions } from './rule-positions.ts'

const SAVE: Readonly<Record<Family, string>> = { 4: 'iptables-legacy-save', 6: 'ip6tables-legacy-save' }

export class RuleBook {
  readonly #call: Omit<InsideCall, 'tool' | 'args'>
  #positions: Positions | undefined
  readonly #lengths = new Map<Family, Lengths>()

  constructor({ machine: { machine, namespace }, id }: { readonly machine: LabMachine; readonly id: string }) {
    this.#call = { machine, namespace, id }
  }

  /** Rules were changed: what was read holds no more. */
  forget(): void {
    this.#positions = undefined
    this.#lengths.clear()
  }

  /** @throws {LabError} when there is no such rule */
  async fromNft({ family, table, chain, rule, packet }: NftTrace): Promise<RuleSight> {
    if (rule === 'policy') return { family, table, chain, number: 'policy', packet }
    const key = chainKey(family, table, chain)
    const number = this.#positions?.get(key)?.get(rule) ?? (await this.#readPositions()).get(key)?.get(rule)
    if (number === undefined) throw this.#gone(`rule with handle ${rule} of chain ${chain} in table ${table}`)
    return { family, table, chain, number, packet }
  }

  /**
   * The rule or policy; nothing for the end of a chain that was jumped to.
   *
   * @throws {LabError} when there is no such rule
   */
  async fromLegacy({ table, chain, what, number, packet }: LoggedTrace): Promise<readonly RuleSight[]> {
    const { family } = packet
    const sight = { family, table, chain, packet: tracedOf(packet) }
    if (what === 'rule') return [{ ...sight, number }]
    const key = chainKey(family, table, chain)
    const known = this.#lengths.get(family)?.get(key)
    const length = known !== undefined && number <= known + 1 ? known : (await this.#readLengths(family)).get(key)
    if (length === undefined || number > length + 1)
      throw this.#gone(`rule ${number} of chain ${chain} in table ${table}`)
    if (number <= length) return [{ ...sight, number }]
    return what === 'policy' ? [{ ...sight, number: 'policy' }] : []
  }

  async #readPositions(): Promise<Positions> {
    const listed = await this.#run('nft', ['-j', '-a', '-t', 'list', 'ruleset'])
    try {
      this.#positions = readPositions(listed)
      return this.#positions
    } catch (cause) {
      throw cause instanceof ParseError ? new LabError([`${this.#call.machine}: ${cause.message}`]) : cause
    }
  }

  async #readLengths(family: Family): Promise<Lengths> {
    const lengths = readLengths(family, await this.#run(SAVE[family], []))
    this.#lengths.set(family, lengths)
    return lengths
  }

  #run(tool: string, args: readonly string[]): Promise<string> {
    return runInside({ ...this.#call, tool, args })
  }

  #gone(what: string): LabError {
    return new LabError([
      `${this.#call.machine}: a packet matched ${what}, which is not there: were rules changed meanwhile?`,
    ])
  }
}
