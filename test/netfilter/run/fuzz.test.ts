/**
 * Whatever the reader makes of odd options, rules run without an exception, and verbosely too.
 */
import fc from 'fast-check'
import t from 'tap'
import { OTHER_MATCHES } from '../../../src/netfilter/matches/other.ts'
import { readRuleset } from '../../../src/netfilter/ruleset.ts'
import { OTHER_TARGETS } from '../../../src/netfilter/targets/other.ts'
import { type Given, PACKETS } from './sample-packets.ts'
import { runTable } from './table-run.ts'

const WORDS = [
  '0',
  '1',
  '5',
  '99999',
  '0x10/0xff',
  '5:10',
  '10:5',
  '1.2.3.4/8',
  '1.2.3.4-1.2.3.9',
  'fd00::/8',
  'x',
  'tcp',
  '-1',
  '5/sec',
  '5kb/s',
  'srcip,dstport',
  'src',
  'src,dst',
  '|zz|',
  '"GET"',
  'Mon',
  '25:99',
  '2026-11',
  '1e9',
  '1mb',
  '""',
  ',',
  '1,,2',
  'ALL',
]
const word = fc.constantFrom(...WORDS)

/** Options of one extension, with words that may make no sense. */
function lineOf(
  extension: {
    readonly name: string
    readonly options: readonly { readonly names: readonly string[]; readonly words: number }[]
  },
  flag: string,
) {
  const options = extension.options.map(({ names: [name], words }) =>
    fc
      .tuple(fc.constantFrom('', '! '), fc.array(word, { minLength: words, maxLength: words }))
      .map(([not, own]) => `${not}--${[name, ...own].join(' ')}`),
  )
  return fc
    .subarray(options.map((_, i) => i))
    .chain(chosen => fc.tuple(...chosen.flatMap(i => options[i] ?? [])))
    .map(parts => [flag, extension.name, ...parts].join(' '))
}

const lines = fc.oneof(
  ...[...OTHER_MATCHES.values()].map(extension => lineOf(extension, '-m').map(line => `${line} -j ACCEPT`)),
  ...[...OTHER_TARGETS.values()].map(extension => lineOf(extension, '-j')),
)
const samples: readonly Given[] = Object.values(PACKETS)
const SETS = 'create src hash:ip family inet\ncreate x hash:net,iface family inet\nadd x 10.0.0.0/8,eth0\n'

t.test('odd options end in no exception', async t => {
  let run = 0
  fc.assert(
    fc.property(lines, fc.constantFrom(...samples), fc.boolean(), (line, { skb, ...around }, verbose) => {
      try {
        readRuleset(`*mangle\n-A PREROUTING ${line}\nCOMMIT\n`, skb.packet.family)
      } catch {
        return
      }
      run++
      const { decision } = runTable([line, line], skb, { ...around, sets: SETS, verbose, table: 'mangle' })
      if (decision.kind === 'undecided' && decision.undecided.why === '') throw new Error('undecided for no reason')
    }),
    { numRuns: 5000 },
  )
  t.ok(run > 1000, `${run} were read`)
})
