/**
 * The search walk by its rules. What the C libraries themselves do is asked in `test/kernel/resolver.test.ts`.
 */
import fc from 'fast-check'
import t from 'tap'
import { formatIp, parseInterfaceAddress, parseIp } from '../../../src/base/ip.ts'
import { parseIpv4 } from '../../../src/base/ipv4.ts'
import { RCODES } from '../../../src/dns/message.ts'
import { formatName } from '../../../src/dns/name.ts'
import { TYPES } from '../../../src/dns/record.ts'
import { orderAddresses } from '../../../src/dns/resolver/address-order.ts'
import { findInHosts, findNameInHosts, readHosts } from '../../../src/dns/resolver/hosts-search.ts'
import { LIBRARIES, type Library, readingOf } from '../../../src/dns/resolver/library.ts'
import { lookUp, reverseName } from '../../../src/dns/resolver/lookup.ts'
import type { Ask, Reply } from '../../../src/dns/resolver/reply.ts'

const CONF = { nameservers: ['10.0.0.10'], searches: ['n.svc', 'svc'], options: ['ndots:3'] }

/** A letter for what the names in turn come to: NXDOMAIN, empty, Found, Servfail, Refused, Outside, sIlence. */
function asking(letters: string): { readonly ask: Ask; readonly names: readonly string[] } {
  const names: string[] = []
  const ask: Ask = (name, type): Reply => {
    const text = formatName(name)
    if (!names.includes(text)) names.push(text)
    const say = (rcode: number, found = false): Reply => {
      const address = parseIpv4('10.0.0.1')
      const records = found && type === TYPES.A ? [{ owner: name, ttl: 5, type: 'A' as const, address }] : []
      return { kind: 'answer', rcode, records, authority: [], octets: 60 }
    }
    switch (letters[names.indexOf(text)]) {
      case 'F':
        return say(RCODES.NOERROR, true)
      case 'E':
        return say(RCODES.NOERROR)
      case 'S':
        return say(RCODES.SERVFAIL)
      case 'R':
        return say(RCODES.REFUSED)
      case 'O':
        return { kind: 'outside' }
      case 'I':
        return { kind: 'silence' }
      default:
        return say(RCODES.NXDOMAIN)
    }
  }
  return { ask, names }
}

// biome-ignore format: one case, one row
const WALKS: readonly (readonly [says: string, name: string, letters: string, glibc: string, musl: string])[] = [
  ['the first suffix answers',                  'a',        'F',    'a.n.svc. → found',                              'a.n.svc. → found'],
  ['all names in turn',                         'a.b',      'NNF',  'a.b.n.svc. a.b.svc. a.b. → found',              'a.b.n.svc. a.b.svc. a.b. → found'],
  ['nobody knows it',                           'a.b',      'NNN',  'a.b.n.svc. a.b.svc. a.b. → EAI_NONAME',         'a.b.n.svc. a.b.svc. a.b. → EAI_NONAME'],
  ['an empty name does not stop glibc',         'a',        'EF',   'a.n.svc. a.svc. → found',                       'a.n.svc. → EAI_NODATA'],
  ['and is remembered',                         'a',        'ENN',  'a.n.svc. a.svc. a. → EAI_NODATA',               'a.n.svc. → EAI_NODATA'],
  ['a server that fails does not stop glibc',   'a',        'SF',   'a.n.svc. a.svc. → found',                       'a.n.svc. → EAI_AGAIN'],
  ['and is remembered',                         'a',        'SNN',  'a.n.svc. a.svc. a. → EAI_AGAIN',                'a.n.svc. → EAI_AGAIN'],
  ['one that refuses ends the search list',     'a',        'RF',   'a.n.svc. a. → found',                           'a.n.svc. → EAI_AGAIN'],
  ['and so does silence',                       'a',        'IF',   'a.n.svc. a. → found',                           'a.n.svc. → EAI_AGAIN'],
  ['enough dots: as it is, and then',           'a.b.c.d',  'NF',   'a.b.c.d. a.b.c.d.n.svc. → found',               'a.b.c.d. → EAI_NONAME'],
  ['a dot at the end: as it is alone',          'a.',       'N',    'a. → EAI_NONAME',                               'a. → EAI_NONAME'],
  ['outside with a suffix is no name',          'a.b',      'ONF',  'a.b.n.svc. a.b.svc. a.b. → found',              'a.b.n.svc. a.b.svc. a.b. → found'],
  ['outside as it is ends it',                  'a.b',      'NNO',  'a.b.n.svc. a.b.svc. a.b. → outside',            'a.b.n.svc. a.b.svc. a.b. → outside'],
  ['no top-level domain has an address',        'a',        'NNO',  'a.n.svc. a.svc. a. → EAI_NONAME',               'a.n.svc. a.svc. a. → EAI_NONAME'],
]
for (const [says, name, letters, ...wanted] of WALKS) {
  for (const [i, library] of LIBRARIES.entries()) {
    t.test(`${library}: ${says}`, async t => {
      const { ask, names } = asking(letters)
      const client = { conf: CONF, hosts: [], hostname: '', sources: [], hasIpv6: false }
      const { result } = lookUp({ name }, client, library, ask)
      const end = result.kind === 'failed' ? result.failure : result.kind === 'addresses' ? 'found' : result.kind
      t.equal(`${names.join(' ')} → ${end}`, wanted[i])
    })
  }
}

// biome-ignore format: one case, one row
const READINGS: readonly (readonly [says: string, options: readonly string[], searches: readonly string[], glibc: object, musl: object])[] = [
  ['nothing said',          [],                                  [],       { ndots: 1, timeout: 5, attempts: 2 },   { ndots: 1, timeout: 5, attempts: 2 }],
  ['all said',              ['ndots:5', 'timeout:3', 'attempts:4'], ['a'], { ndots: 5, timeout: 3, attempts: 4, searches: ['a'] }, { ndots: 5, timeout: 3, attempts: 4, searches: ['a'] }],
  ['too much',              ['ndots:99', 'timeout:99', 'attempts:99'], [],  { ndots: 15, timeout: 30, attempts: 5 }, { ndots: 15, timeout: 60, attempts: 10 }],
  ['no numbers',            ['ndots:x', 'timeout:', 'attempts'], [],        { ndots: 0, timeout: 0, attempts: 2 },   { ndots: 1, timeout: 5, attempts: 2 }],
  ['below nothing',         ['ndots:-1'],                        [],        { ndots: 15 },                           { ndots: 1 }],
  ['no server',             [],                                  [],        { nameservers: ['127.0.0.1'] },          { nameservers: ['127.0.0.1'] }],
  ['a search line as long as musl reads',  [], ['x'.repeat(247)],           { searches: ['x'.repeat(247)] },         { searches: ['x'.repeat(247)] }],
  ['a longer one',          [],                                  ['x'.repeat(248)], { searches: ['x'.repeat(248)] }, { searches: [] }],
  ['options longer than musl reads', ['ndots:5', 'x'.repeat(240)], [],      { ndots: 5 },                            { ndots: 1 }],
  ['options of glibc',      ['no-aaaa', 'no-tld-query', 'edns0'], [],       { noAaaa: true, noTldQuery: true, datagram: 1200 }, { noAaaa: false, noTldQuery: false, datagram: 512 }],
  ['TCP alone',             ['use-vc'],                          [],        { datagram: Number.POSITIVE_INFINITY },  { datagram: 512 }],
]
for (const [says, options, searches, ...wanted] of READINGS) {
  t.test(`resolv.conf as it is read: ${says}`, async t => {
    for (const [i, library] of LIBRARIES.entries()) {
      t.match(readingOf({ nameservers: [], searches, options }, library), wanted[i] ?? {}, library)
    }
  })
}

t.test('three name servers, and the domain of the host name', async t => {
  const conf = { nameservers: ['10.0.0.1', 'x', '10.0.0.2', '::1', '10.0.0.4'], searches: [], options: [] }
  const { nameservers, remarks, searches } = readingOf(conf, 'glibc', 'a.shop.svc')
  t.strictSame(nameservers, ['10.0.0.1', '10.0.0.2', '::1'])
  t.match(remarks, [/only 3 name servers are asked, not 10\.0\.0\.4/])
  t.strictSame(searches, ['shop.svc'])
  t.strictSame(readingOf(conf, 'musl', 'a.shop.svc').searches, [])
})

t.test('the hosts file', async t => {
  const hosts = readHosts('# no\n10.0.0.1 Web web.shop # web2\nfd00::1 Web\nx Web\n10.0.0.1 web\n10.0.0.3\n')
  const found = (name: string, library: Library, ...families: readonly (4 | 6)[]) =>
    findInHosts(hosts, name, library, families)?.map(formatIp)
  t.strictSame(found('web', 'glibc', 4, 6), ['10.0.0.1', 'fd00::1'])
  t.strictSame(found('web', 'musl', 4, 6), ['10.0.0.1'])
  t.equal(found('web2', 'glibc', 4, 6), undefined)
  t.strictSame(found('web.shop', 'musl', 6), [], 'musl asks nobody else')
  t.equal(found('web.shop', 'glibc', 6), undefined)
  t.equal(findNameInHosts(hosts, parseIp('10.0.0.1')), 'Web')
  t.equal(findNameInHosts(hosts, parseIp('10.0.0.9')), undefined)
})

t.test('names of addresses', async t => {
  t.equal(reverseName(parseIp('10.96.0.1')), '1.0.96.10.in-addr.arpa.')
  t.equal(reverseName(parseIp('fd00::1')), '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa.')
})

t.test('ordering loses nothing and makes nothing up', t => {
  const texts = ['10.244.1.5', '10.244.2.5', '127.0.0.1', 'fd00::1', '2001:db8::1', '::1', '169.254.1.1', 'fe80::1']
  const own = ['10.244.1.1/24', 'fd00::9/64'].map(parseInterfaceAddress)
  const draw = fc.tuple(fc.subarray(texts), fc.subarray(own), fc.constantFrom(...LIBRARIES), fc.boolean())
  fc.assert(
    fc.property(draw, ([some, sources, library, hasIpv6]) => {
      const ordered = orderAddresses(some.map(parseIp), { sources, hasIpv6 }, library).map(formatIp)
      t.strictSame([...ordered].sort(), [...some].sort())
    }),
    { numRuns: 50 },
  )
  t.end()
})
