/**
 * The options of iptables itself, apart from its commands.
 *
 * @module
 */

/** One option by its long name. */
export interface OwnOption {
  readonly name:
    | 'source'
    | 'destination'
    | 'in-interface'
    | 'out-interface'
    | 'protocol'
    | 'fragments'
    | 'match'
    | 'jump'
    | 'goto'
    | 'set-counters'
    | 'ipv4'
    | 'ipv6'
  readonly words: 0 | 1 | 2
  readonly negatable: boolean
}

// biome-ignore format: a table
const SPELLINGS: readonly (readonly [option: OwnOption, ...names: readonly string[]])[] = [
  [{ name: 'source',        words: 1, negatable: true },  '-s', 'source', 'src'],
  [{ name: 'destination',   words: 1, negatable: true },  '-d', 'destination', 'dst'],
  [{ name: 'in-interface',  words: 1, negatable: true },  '-i', 'in-interface'],
  [{ name: 'out-interface', words: 1, negatable: true },  '-o', 'out-interface'],
  [{ name: 'protocol',      words: 1, negatable: true },  '-p', 'protocol'],
  [{ name: 'fragments',     words: 0, negatable: true },  '-f', 'fragments'],
  [{ name: 'match',         words: 1, negatable: false }, '-m', 'match'],
  [{ name: 'jump',          words: 1, negatable: false }, '-j', 'jump'],
  [{ name: 'goto',          words: 1, negatable: false }, '-g', 'goto'],
  [{ name: 'set-counters',  words: 2, negatable: false }, '-c', 'set-counters'],
  [{ name: 'ipv4',          words: 0, negatable: false }, '-4', 'ipv4'],
  [{ name: 'ipv6',          words: 0, negatable: false }, '-6', 'ipv6'],
]

const OPTIONS: ReadonlyMap<string, OwnOption> = new Map(
  SPELLINGS.flatMap(([option, ...names]) => names.map(name => [name, option] as const)),
)

/** The option of that name: a letter with its dash, or a long name without. */
export function findOwnOption(name: string): OwnOption | undefined {
  return OPTIONS.get(name)
}

/** Those whose long name begins so: getopt takes the beginning of a name if it is the only one. */
export function ownOptionsLike(name: string): OwnOption[] {
  return [...OPTIONS].flatMap(([known, option]) => (!known.startsWith('-') && known.startsWith(name) ? [option] : []))
}
