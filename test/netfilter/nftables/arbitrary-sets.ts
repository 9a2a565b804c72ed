/** Random values, sets and maps that the kernel takes, in the form in which it lists them. */
import fc from 'fast-check'
import { type Family, prefixOf } from '../../../src/base/ip.ts'
import type { Ipv4 } from '../../../src/base/ipv4.ts'
import { ipv6 } from '../../../src/base/ipv6.ts'
import type { NftElement, NftValue, NftVerdict } from '../../../src/netfilter/nftables/expression.ts'
import type { NftSet, NftType } from '../../../src/netfilter/nftables/rule.ts'

export type Arb<T> = fc.Arbitrary<T>

/** Plain objects, as the reader makes them. */
export const record = <T extends object>(fields: { [K in keyof T]: Arb<T[K]> }) =>
  fc.record(fields, { noNullPrototype: true }) as Arb<T>
/** Optional fields: present or absent, never undefined. */
export const some = <T extends object>(fields: { [K in keyof T]: Arb<T[K]> }) =>
  fc.record(fields, { requiredKeys: [], noNullPrototype: true }) as Arb<Partial<T>>

export const word32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
const byte = fc.integer({ min: 0, max: 255 })
const portNumber = fc.integer({ min: 1, max: 0xfffe })

/** IPv6 addresses that keep away from the forms that C's printer and RFC 5952 spell differently. */
export const ip = (family: Family): Arb<NftValue> =>
  family === 4
    ? word32.map(word => ({ kind: 'ip', ip: word as Ipv4 }))
    : fc.tuple(word32, word32, word32).map(([a, b, c]) => ({ kind: 'ip', ip: ipv6(0x2001_0db8, a, b, c) }))

/** Neither all addresses nor a single one. */
export const prefix = (family: Family): Arb<NftValue> =>
  fc
    .tuple(ip(family), fc.integer({ min: 9, max: family === 4 ? 31 : 127 }))
    .map(([value, bits]) =>
      value.kind === 'ip' ? { kind: 'prefix', prefix: prefixOf(value.ip, bits) } : { kind: 'wildcard' },
    )

export const port: Arb<NftValue> = portNumber.map(port => ({ kind: 'port', port }))
export const ports: Arb<NftValue> = fc.tuple(portNumber, fc.integer({ min: 1, max: 100 })).map(([from, more]) => ({
  kind: 'range',
  from: { kind: 'port', port: Math.min(from, 0xff00) },
  to: { kind: 'port', port: Math.min(from, 0xff00) + more },
}))
export const mark: Arb<NftValue> = word32.map(mark => ({ kind: 'mark', mark }))
export const protocol: Arb<NftValue> = fc.oneof(
  fc.constantFrom(6, 17, 132).map((protocol): NftValue => ({ kind: 'protocol', protocol })),
  // By numbers that have names in some machines' lists only.
  byte.filter(n => n > 0 && n < 4).map((protocol): NftValue => ({ kind: 'protocol', protocol })),
)
export const device: Arb<NftValue> = fc
  .constantFrom('eth0', 'cbr0', 'lo', 'a', 'br-b74b417b331')
  .map(text => ({ kind: 'string', text }))

export const ascii = fc
  .string({
    unit: fc.integer({ min: 32, max: 126 }).map(code => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 40,
  })
  .filter(text => !/["\\]/.test(text))
export const comment = fc.oneof(fc.constantFrom('ns/name:port', 'two words', 'a # b', '} , :'), ascii)

export const name = fc.stringMatching(/^[a-z][a-z0-9/_.-]{3,18}[0-9]$/).map(text => `x${text}`)

const types = (family: Family): readonly (readonly [NftType, Arb<NftValue>])[] => [
  [family === 4 ? 'ipv4_addr' : 'ipv6_addr', ip(family)],
  ['inet_service', port],
  ['inet_proto', protocol],
  ['mark', mark],
  ['ifname', device],
]

type Part = readonly [NftType, Arb<NftValue>]

const parts = (family: Family): Arb<readonly Part[]> =>
  fc.array(fc.constantFrom(...types(family)), { minLength: 1, maxLength: 4 })

const keyOf = (parts: readonly Part[]): Arb<NftValue> => {
  const [only] = parts
  if (only && parts.length === 1) return only[1]
  return fc.tuple(...parts.map(([, value]) => value)).map(values => ({ kind: 'concat', parts: values }))
}

export const unique = <T>(arb: Arb<T>, key: (one: T) => unknown, lengths: fc.ArrayConstraints) =>
  fc.uniqueArray(arb, { ...lengths, selector: one => JSON.stringify(key(one)) })

/** Chains that others may jump to. */
export const TARGETS = ['target-a', 'target-b'] as const

export const verdict: Arb<NftVerdict> = fc.oneof(
  fc.constantFrom('accept', 'drop', 'return', 'continue').map((verb): NftVerdict => ({ do: verb as 'accept' })),
  fc
    .tuple(fc.constantFrom('jump', 'goto'), fc.constantFrom(...TARGETS))
    .map(([verb, chain]): NftVerdict => ({ do: verb as 'jump', chain })),
)

const millis = fc.integer({ min: 1, max: 200_000 }).map(seconds => seconds * 1000)

const dataOf = (to: undefined | 'verdict' | Part): Arb<NftValue | NftVerdict | undefined> =>
  to === undefined ? fc.constant(undefined) : to === 'verdict' ? verdict : to[1]

export const set = (family: Family): Arb<NftSet> =>
  parts(family).chain(key => {
    const plain = record<NftElement>({ key: keyOf(key) })
    const element = fc.oneof(
      plain,
      fc.tuple(plain, comment).map(([one, comment]): NftElement => ({ ...one, comment })),
    )
    const data: Arb<undefined | 'verdict' | Part> = fc.oneof(
      fc.constant(undefined),
      fc.constant('verdict' as const),
      fc.constantFrom(...types(family).slice(0, 4)),
    )
    return data.chain(to =>
      fc
        .record({
          name,
          elements: unique(element, one => one.key, { maxLength: 12 }),
          all: fc.array(dataOf(to), { minLength: 12, maxLength: 12 }),
          comment: fc.option(comment, { nil: undefined }),
        })
        .map(
          ({ name, elements, all, comment }): NftSet => ({
            name,
            type: key.map(([type]) => type),
            ...(to !== undefined && { data: to === 'verdict' ? to : [to[0]] }),
            ...(comment !== undefined && { comment }),
            elements: elements.map((element, i) => {
              const data = all[i]
              return data === undefined ? element : { ...element, data }
            }),
          }),
        ),
    )
  })

/** Filled by rules as packets come. */
export const dynamicSet = (family: Family): Arb<NftSet> =>
  fc
    .record({
      name,
      timeout: fc.option(millis, { nil: undefined }),
      size: fc.integer({ min: 1, max: 65535 }),
      counter: fc.boolean(),
    })
    .map(
      ({ name, timeout, size, counter }): NftSet => ({
        name,
        type: [family === 4 ? 'ipv4_addr' : 'ipv6_addr'],
        flags: timeout === undefined ? ['dynamic'] : ['dynamic', 'timeout'],
        ...(timeout !== undefined && { timeout }),
        size,
        ...(counter && { counter: true as const }),
        elements: [],
      }),
    )
