import t from 'tap'
import { ParseError } from '../../src/base/error.ts'
import { isLegacyTrace, parseLegacyTrace } from '../../src/lab/legacy-trace.ts'
import { readLengths, readPositions } from '../../src/lab/rule-positions.ts'

// biome-ignore format: one case, one row
const TRACES: readonly (readonly [prefix: string, said: readonly [table: string, chain: string, what: string, number: number]])[] = [
  ['TRACE: nat:KUBE-SERVICES:rule:7 ',     ['nat', 'KUBE-SERVICES', 'rule', 7]],
  ['TRACE: filter:INPUT:policy:5 ',        ['filter', 'INPUT', 'policy', 5]],
  ['TRACE: nat:KUBE-MARK-MASQ:return:2 ',  ['nat', 'KUBE-MARK-MASQ', 'return', 2]],
  ['TRACE: nat:a:rule:3:rule:4 ',          ['nat', 'a:rule:3', 'rule', 4]],
]

for (const [prefix, [table, chain, what, number]] of TRACES) {
  t.test(`parseLegacyTrace() reads "${prefix}"`, async t => {
    t.ok(isLegacyTrace(prefix))
    t.strictSame(parseLegacyTrace(prefix), { table, chain, what, number })
  })
}

t.test('parseLegacyTrace() refuses other text', async t => {
  t.notOk(isLegacyTrace('dropped: '))
  for (const prefix of ['TRACE: ', 'TRACE: nat:a', 'TRACE: nat:a:jump:1 ', 'TRACE: nat:a:rule:x '])
    t.throws(() => parseLegacyTrace(prefix), ParseError)
})

const rule = (family: string, table: string, chain: string, handle: number) => ({
  rule: { family, table, chain, handle, expr: [{ xt: null }] },
})

t.test('readPositions() counts the rules of each chain in their order', async t => {
  const list = [
    { metainfo: { version: '1.0.6' } },
    { table: { family: 'ip', name: 'nat', handle: 2 } },
    { chain: { family: 'ip', table: 'nat', name: 'KUBE', handle: 5 } },
    rule('ip', 'nat', 'KUBE', 9),
    rule('ip', 'nat', 'OUTPUT', 7),
    rule('ip', 'nat', 'KUBE', 8),
    rule('ip6', 'nat', 'KUBE', 8),
    rule('inet', 'other', 'KUBE', 1),
  ]
  const positions = readPositions(JSON.stringify({ nftables: list }))
  t.strictSame(
    [...positions].map(([key, places]) => [key, [...places]]),
    [
      [
        '4 nat KUBE',
        [
          [9, 1],
          [8, 2],
        ],
      ],
      ['4 nat OUTPUT', [[7, 1]]],
      ['6 nat KUBE', [[8, 1]]],
    ],
  )
})

t.test('readPositions() refuses what nft does not list', async t => {
  for (const text of [
    '',
    '{}',
    '[]',
    '{"nftables": 1}',
    JSON.stringify({ nftables: [rule('ip', 'nat', 'a', 'x' as never)] }),
  ])
    t.throws(() => readPositions(text), ParseError)
})

t.test('readLengths() counts the rules of each chain', async t => {
  const text =
    '# made\n*nat\n:OUTPUT ACCEPT [0:0]\n:KUBE - [0:0]\n-A OUTPUT -j KUBE\n-A OUTPUT -m comment --comment "-A x"\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n'
  t.strictSame(
    [...readLengths(6, text)],
    [
      ['6 nat OUTPUT', 2],
      ['6 nat KUBE', 0],
      ['6 filter INPUT', 0],
    ],
  )
})
