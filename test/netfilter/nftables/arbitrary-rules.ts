/** Random rules that the kernel takes, in the form in which it lists them. */
import fc from 'fast-check'
import type { Family } from '../../../src/base/ip.ts'
import type {
  NftElement,
  NftExpression,
  NftLookup,
  NftValue,
  NftVerdict,
} from '../../../src/netfilter/nftables/expression.ts'
import type { NftRule, NftStatement } from '../../../src/netfilter/nftables/rule.ts'
import {
  type Arb,
  ascii,
  comment,
  device,
  ip,
  mark,
  port,
  ports,
  prefix,
  protocol,
  record,
  unique,
  verdict,
  word32,
} from './arbitrary-sets.ts'

const value = (value: NftValue): NftExpression => ({ kind: 'value', value })
const meta = (key: string): NftExpression => ({ kind: 'meta', key })
const field = (protocol: string, name: string): NftExpression => ({ kind: 'payload', protocol, field: name })

interface Asked {
  readonly of: NftExpression
  readonly single: Arb<NftValue>
  /** What stands for more than one. */
  readonly many?: Arb<NftValue>
}

const asked = (family: Family): readonly Asked[] => [
  { of: field(family === 4 ? 'ip' : 'ip6', 'saddr'), single: ip(family), many: prefix(family) },
  { of: field(family === 4 ? 'ip' : 'ip6', 'daddr'), single: ip(family), many: prefix(family) },
  { of: meta('mark'), single: mark },
  { of: meta('l4proto'), single: protocol },
  { of: meta('iifname'), single: device },
  { of: { kind: 'ct', key: 'mark' }, single: mark },
  {
    of: { kind: 'numgen', mode: 'random', modulus: 100 },
    single: fc.nat(99).map(number => ({ kind: 'number', number })),
  },
]

const lookup = (keys: Arb<NftElement[]>): Arb<NftLookup> => keys.map(elements => ({ kind: 'anonymous', elements }))

const match = (family: Family): Arb<NftStatement> =>
  fc.constantFrom(...asked(family)).chain(({ of, single, many = single }) =>
    fc.record(
      {
        do: fc.constant('match' as const),
        left: fc.constant(of),
        op: fc.constantFrom('==' as const, '!=' as const),
        right: fc.oneof(
          single,
          many,
          lookup(unique(record<NftElement>({ key: single }), one => one.key, { minLength: 2, maxLength: 8 })),
        ),
      },
      { noNullPrototype: true },
    ),
  )

const vmap = (family: Family): Arb<NftStatement> =>
  fc.constantFrom(...asked(family)).chain(({ of, single }) =>
    lookup(
      unique(record<NftElement & { data: NftVerdict }>({ key: single, data: verdict }), one => one.key, {
        minLength: 1,
        maxLength: 8,
      }),
    ).map((all): NftStatement => ({ do: 'vmap', key: of, in: all })),
  )

const masked: Arb<NftStatement> = fc
  .tuple(
    word32.filter(mask => mask !== 0 && mask !== -1),
    word32,
  )
  .map(([mask, is]) => ({
    do: 'match',
    left: { kind: 'binary', op: '&', left: meta('mark'), right: value({ kind: 'mark', mark: mask }) },
    op: is % 2 === 0 ? '==' : '!=',
    right: { kind: 'mark', mark: is & mask },
  }))

const marking: Arb<NftStatement> = fc
  .tuple(
    fc.constantFrom('|' as const, '^' as const, '&' as const),
    word32.filter(mask => mask !== 0 && mask !== -1),
  )
  .map(([op, mask]) => ({
    do: 'mangle',
    key: meta('mark'),
    value: { kind: 'binary', op, left: meta('mark'), right: value({ kind: 'mark', mark: mask }) },
  }))

/** One address for each number, or address and port together. */
const destinations = (family: Family, withPort: boolean): Arb<NftElement[]> => {
  const together = fc.tuple(ip(family), port).map((parts): NftValue => ({ kind: 'concat', parts }))
  return fc
    .array(withPort ? together : ip(family), { minLength: 2, maxLength: 6 })
    .map(all => all.map((data, number): NftElement => ({ key: { kind: 'number', number }, data })))
}

const balanced = (family: Family): Arb<NftStatement[]> =>
  fc.boolean().chain(withPort =>
    destinations(family, withPort).map((elements): NftStatement[] => [
      { do: 'match', left: meta('l4proto'), op: '==', right: { kind: 'protocol', protocol: 6 } },
      {
        do: 'nat',
        nat: 'dnat',
        // Where address and port come from one map, the family is said.
        ...(withPort && { family: family === 4 ? ('ip' as const) : ('ip6' as const) }),
        address: {
          kind: 'map',
          key: { kind: 'numgen', mode: 'random', modulus: elements.length },
          in: { kind: 'anonymous', elements },
        },
      },
    ]),
  )

const direct = (family: Family): Arb<NftStatement[]> =>
  fc.tuple(ip(family), fc.option(fc.oneof(port, ports), { nil: undefined })).map(([address, to]) => [
    { do: 'match', left: meta('l4proto'), op: '==', right: { kind: 'protocol', protocol: 17 } },
    { do: 'nat', nat: 'dnat', address: value(address), ...(to && { port: value(to) }) },
  ])

const counting: Arb<NftStatement> = fc
  .tuple(fc.nat(2 ** 40), fc.nat(2 ** 50))
  .map(([packets, bytes]) => ({ do: 'counter', packets, bytes }))

const logging: Arb<NftStatement> = ascii
  .filter(text => !text.includes('$') && text.trim() === text)
  .map(prefix => ({ do: 'log', options: [['prefix', prefix]] }))

const limiting: Arb<NftStatement> = fc
  .record({
    rate: fc.integer({ min: 1, max: 1000 }),
    per: fc.constantFrom('second' as const, 'minute' as const, 'hour' as const, 'day' as const),
    over: fc.boolean(),
    burst: fc.integer({ min: 6, max: 1000 }),
  })
  .map(({ rate, per, over, burst }) => ({
    do: 'limit',
    rate,
    unit: 'packets',
    per,
    ...(over && { over: true as const }),
    burst: { amount: burst, unit: 'packets' },
  }))

const rejecting = (family: Family): Arb<NftStatement> =>
  fc.constantFrom<NftStatement>(
    { do: 'reject' },
    {
      do: 'reject',
      with: family === 4 ? { type: 'icmp', code: 'host-prohibited' } : { type: 'icmpv6', code: 'no-route' },
    },
  )

const ruleOf = (statements: Arb<NftStatement[]>): Arb<NftRule> =>
  fc.tuple(statements, fc.option(comment, { nil: undefined })).map(([statements, comment]) => ({
    statements,
    ...(comment !== undefined && { comment }),
  }))

export const filterRule = (family: Family): Arb<NftRule> =>
  ruleOf(
    fc
      .tuple(
        fc.array(fc.oneof(match(family), masked), { maxLength: 3 }),
        fc.array(fc.oneof(counting, logging, limiting, marking), { maxLength: 2 }),
        fc.oneof(
          verdict.map((verdict): NftStatement => ({ do: 'verdict', verdict })),
          vmap(family),
          rejecting(family),
        ),
      )
      .map(([conditions, effects, end]) => [...conditions, ...effects, end]),
  )

export const natRule = (family: Family): Arb<NftRule> =>
  ruleOf(
    fc
      .tuple(fc.array(match(family), { maxLength: 2 }), fc.oneof(balanced(family), direct(family)))
      .map(([conditions, end]) => [...conditions, ...end]),
  )
