/**
 * The search walk against the C libraries themselves: which names glibc and musl ask for, in which order, and what
 * programs get.
 *
 * Programs run with a resolv.conf and a hosts file of their own, in a mount namespace; the name servers that they ask
 * are in this process, and answer what the model's own question is answered with.
 */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { formatIp, parseInterfaceAddress, parseIp } from '../../src/base/ip.ts'
import { parseIpv4 } from '../../src/base/ipv4.ts'
import { parseIpv6 } from '../../src/base/ipv6.ts'
import { RCODES } from '../../src/dns/message.ts'
import { formatName, type Name, parseName } from '../../src/dns/name.ts'
import { type ResourceRecord, TYPES } from '../../src/dns/record.ts'
import { readHosts } from '../../src/dns/resolver/hosts-search.ts'
import { LIBRARIES, type Library } from '../../src/dns/resolver/library.ts'
import { type Client, type Lookup, lookUp } from '../../src/dns/resolver/lookup.ts'
import type { Ask, Reply } from '../../src/dns/resolver/reply.ts'
import type { ResolvConf } from '../../src/kubelet/resolv-conf.ts'
import { type NameServers, startNameServers } from './name-server.ts'
import { lackOf, passOver } from './needs.ts'
import { inNamespace } from './netns.ts'
import { COMPILERS, lookupCall, OLD_MUSL, run } from './resolver-program.ts'

const HOSTS = '127.0.0.1\tlocalhost\n10.9.9.9\tKnown known-too\n'

/** What a name server says of a name, by the word that stands in its first label or in a table. */
type Word = 'found' | 'alias' | 'six' | 'torn' | 'none' | 'empty' | 'servfail' | 'refused' | 'formerr' | 'silence'

const V4 = parseIpv4('192.0.2.1')
const V6 = parseIpv6('2001:db8::1')

function replyOf(word: Word, owner: Name, type: number): Reply {
  const say = (rcode: number, ...records: readonly ResourceRecord[]): Reply => {
    return { kind: 'answer', rcode, records, authority: [], octets: 100 }
  }
  const own: ResourceRecord | undefined =
    type === TYPES.A
      ? { owner, ttl: 5, type: 'A', address: V4 }
      : type === TYPES.AAAA
        ? { owner, ttl: 5, type: 'AAAA', address: V6 }
        : undefined
  switch (word) {
    case 'found':
      return say(RCODES.NOERROR, ...(own ? [own] : []))
    case 'six':
      return say(RCODES.NOERROR, ...(own?.type === 'AAAA' ? [own] : []))
    case 'torn':
      return own?.type === 'A' ? say(RCODES.NOERROR, own) : say(RCODES.NXDOMAIN)
    case 'alias':
      return say(RCODES.NOERROR, { owner, ttl: 5, type: 'CNAME', target: ['else', 'where'] })
    case 'empty':
      return say(RCODES.NOERROR)
    case 'none':
      return say(RCODES.NXDOMAIN)
    case 'servfail':
      return say(RCODES.SERVFAIL)
    case 'refused':
      return say(RCODES.REFUSED)
    case 'formerr':
      return say(RCODES.FORMERR)
    case 'silence':
      return { kind: 'silence' }
  }
}

/** By name without the dot at its end, or by address and name; `none` for all else. */
type Table = Readonly<Record<string, Word>>

function askOf(table: Table): Ask {
  return (name, type, server) => {
    const text = formatName(name).replace(/\.$/, '')
    return replyOf(table[`${server} ${text}`] ?? table[text] ?? 'none', name, type)
  }
}

async function observed(
  servers: NameServers,
  library: Library,
  conf: ResolvConf,
  name: string,
): Promise<{ readonly asked: readonly string[]; readonly got: string }> {
  servers.takeAsked()
  const [tool, args] = await lookupCall(library, conf, HOSTS, [name])
  const got = (await run(tool, args)).trim()
  return { asked: [...new Set(servers.takeAsked())], got }
}

function expected(library: Library, conf: ResolvConf, name: string, ask: Ask) {
  const client: Client = { conf, hosts: readHosts(HOSTS), hostname: '', sources: SOURCES, hasIpv6: true }
  const { attempts, result } = lookUp({ name }, client, library, ask)
  const asked = attempts.flatMap(({ text, queries }) => queries.map(({ server, type }) => `${server} ${text} ${type}`))
  return { asked: [...new Set(asked)], got: gotOf(result) }
}

function gotOf(result: Lookup['result']): string {
  switch (result.kind) {
    case 'addresses':
      return result.addresses.map(formatIp).join(' ')
    case 'failed':
      return result.failure
    default:
      return result.kind
  }
}

const SOURCES = [parseInterfaceAddress('10.0.0.1/24')]

/** Addresses in any order: that is another test's. Before 1.2.4, musl had one error for both. */
function sorted(got: string, library: Library): string {
  if (library === 'musl' && OLD_MUSL && got === 'EAI_NODATA') return 'EAI_NONAME'
  return got.split(' ').sort().join(' ')
}

/** Several servers are asked at once, and each type of each: only the names' order is the library's. */
function inOrder(asked: readonly string[]): readonly string[] {
  const names = [...new Set(asked.map(line => line.split(' ')[1] ?? ''))]
  return names.map(name =>
    asked
      .filter(line => line.split(' ')[1] === name)
      .sort()
      .join(', '),
  )
}

const CLUSTER = ['shop.svc.c.test', 'svc.c.test', 'c.test']
const QUICK = ['timeout:1', 'attempts:1']

// biome-ignore format: one case, one row
const CASES: readonly (readonly [says: string, name: string, table: Table, conf?: Partial<ResolvConf>])[] = [
  ['the first suffix answers',                        'web',           { 'web.shop.svc.c.test': 'found' }],
  ['the second suffix answers',                       'web.shop',      { 'web.shop.svc.c.test': 'found' }],
  ['a whole name is asked last',                      'web.shop.svc.c.test', { 'web.shop.svc.c.test': 'found' }],
  ['a dot at the end ends the search',                'web.shop.svc.c.test.', { 'web.shop.svc.c.test': 'found' }],
  ['nobody knows it',                                 'api.example.com', {}],
  ['from ndots on it is asked first',                 'a.b.c.d.e.f',   { 'a.b.c.d.e.f': 'found' }],
  ['and then with the search list, or not at all',    'a.b.c.d.e.f',   { 'a.b.c.d.e.f.c.test': 'found' }],
  ['ndots:1',                                         'api.example',   {},                                    { options: [...QUICK, 'ndots:1'] }],
  ['ndots:0',                                         'web',           { 'web.c.test': 'found' },              { options: [...QUICK, 'ndots:0'] }],
  ['ndots is 15 at most',                             'a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p', {},                  { options: [...QUICK, 'ndots:40'] }],
  ['without ndots it is 1',                           'web.shop',      {},                                    { options: QUICK }],
  ['a name without addresses',                        'web',           { 'web.shop.svc.c.test': 'empty', 'web.c.test': 'found' }],
  ['nothing but a name without addresses',            'web',           { 'web.shop.svc.c.test': 'empty' }],
  ['an alias that leads nowhere',                     'web',           { 'web.shop.svc.c.test': 'alias', 'web.c.test': 'found' }],
  ['IPv6 alone',                                      'web',           { 'web.shop.svc.c.test': 'six' }],
  ['a server that fails',                             'web',           { 'web.shop.svc.c.test': 'servfail', 'web.c.test': 'found' }],
  ['a server that fails, and nothing else',           'web',           { 'web.shop.svc.c.test': 'servfail' }],
  ['a server that refuses',                           'web',           { 'web.shop.svc.c.test': 'refused', 'web.c.test': 'found', web: 'found' }],
  ['a server that does not understand',               'web',           { 'web.shop.svc.c.test': 'formerr', 'web.c.test': 'found' }],
  ['a server that never understands',                 'web',           { 'web.shop.svc.c.test': 'formerr', web: 'formerr' }],
  ['a server that is silent',                         'web',           { 'web.shop.svc.c.test': 'silence', 'web.c.test': 'found' }],
  ['a name in the hosts file',                        'known-too',     {}],
  ['one that is written otherwise there',             'known',         { 'known.c.test': 'found' }],
  ['one with a dot at its end',                       'known-too.',    {}],
  ['no search list',                                  'web',           { web: 'found' },                      { searches: [] }],
  ['seven suffixes',                                  'web',           { 'web.g': 'found' },                  { searches: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }],
  ['a search line of 254 octets',                     'web',           { 'web.z': 'found' },                  { searches: [...longSearches(245), 'z'] }],
  ['a search line of 255 octets',                     'web',           { 'web.z': 'found' },                  { searches: [...longSearches(246), 'z'] }],
  ['a suffix with which it is too long',              `${'a'.repeat(60)}.b`, { [`${'a'.repeat(60)}.b.c.test`]: 'found' }, { searches: [longSearches(200).join('.'), 'c.test'] }],
  ['no query of a top-level name',                    'web',           { web: 'found' },                      { options: [...QUICK, 'no-tld-query'] }],
  ['the same of a name with a dot',                   'web.x',         { 'web.x': 'found' },                  { options: [...QUICK, 'ndots:5', 'no-tld-query'] }],
  ['a server that denies a name for IPv6 alone',      'web',           { 'web.shop.svc.c.test': 'torn', 'web.c.test': 'six' }],
  ['A alone',                                         'web',           { 'web.shop.svc.c.test': 'six' },      { options: [...QUICK, 'ndots:5', 'no-aaaa'] }],
  ['an option of odd values',                         'web.shop',      {},                                    { options: [...QUICK, 'ndots:x'] }],
  ['an option below nothing',                         'web.shop',      {},                                    { options: [...QUICK, 'ndots:-1'] }],
]

/** Suffixes that fill so many columns, blanks included. */
function longSearches(columns: number): readonly string[] {
  const all: string[] = []
  for (let left = columns; left > 0; ) {
    const size = left > 40 ? 20 : left > 21 ? left - 21 : left
    all.push('s'.repeat(size))
    left -= size + 1
  }
  return all
}

for (const library of LIBRARIES) {
  const lack = lackOf(['unshare', COMPILERS[library]])
  t.test(`names as ${library} asks for them`, async t => {
    if (lack !== undefined) return passOver(t, lack)
    const servers = await startNameServers(2)
    t.teardown(() => servers.close())
    const [first = '', second = ''] = servers.addresses
    for (const [says, name, table, change] of CASES) {
      const conf = { nameservers: [first], searches: CLUSTER, options: [...QUICK, 'ndots:5'], ...change }
      await agrees(t, says, servers, library, conf, name, askOf(table))
    }
    const both = { nameservers: [first, second], searches: ['c.test'], options: [...QUICK, 'ndots:5'] }
    for (const word of ['none', 'servfail', 'refused', 'silence'] as const) {
      const table: Table = { [`${first} web.c.test`]: word, [`${second} web.c.test`]: 'found' }
      if (library === 'glibc' || word !== 'none') {
        await agrees(t, `the first of two servers: ${word}`, servers, library, both, 'web', askOf(table))
      }
    }
    const deaf = { ...both, nameservers: [servers.addresses[0]?.replace(/\d+$/, '99') ?? '', second] }
    await agrees(t, 'nobody is at the first of two servers', servers, library, deaf, 'web', (name, type, server) =>
      server === second ? replyOf('found', name, type) : { kind: 'nobody' },
    )
  })

  t.test(`walks that are drawn at random go as ${library}'s`, async t => {
    if (lack !== undefined) return passOver(t, lack)
    const servers = await startNameServers(1)
    t.teardown(() => servers.close())
    const label = fc.constantFrom('a', 'b', 'c')
    const dotted = (least: number, most: number) =>
      fc.array(label, { minLength: least, maxLength: most }).map(labels => labels.join('.'))
    // Waiting for those that fail takes musl a second each.
    const words: readonly Word[] = library === 'glibc' ? ['servfail', 'refused', 'formerr'] : []
    const word = fc.constantFrom<Word>('found', 'empty', 'alias', 'none', 'six', ...words)
    await fc.assert(
      fc.asyncProperty(
        dotted(1, 4),
        fc.boolean(),
        fc.array(dotted(1, 3), { maxLength: 8 }),
        fc.integer({ min: 0, max: 5 }),
        fc.dictionary(dotted(1, 6), word, { maxKeys: 40 }),
        async (name, whole, searches, ndots, table) => {
          const conf = { nameservers: servers.addresses, searches, options: [...QUICK, `ndots:${ndots}`] }
          const asked = `${name}${whole && ndots > 3 ? '.' : ''}`
          const known = searches.map(search => `${name}.${search}`)
          const all = {
            ...Object.fromEntries(known.map((one, i) => [one, Object.values(table)[i] ?? 'none'])),
            ...table,
          }
          await agrees(t, '', servers, library, conf, asked, askOf(all))
          return t.passing()
        },
      ),
      { numRuns: 100 },
    )
  })

  t.test(`addresses in the order in which ${library} gives them`, t =>
    inNamespace(t, ['unshare', 'veth', COMPILERS[library]], async ns => {
      await ns.run('ip', ['link', 'set', 'lo', 'up'])
      for (const [own, all] of ORDERS) {
        await ns.try('ip', ['link', 'del', 'eth0'])
        await ns.run('ip', ['link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'other'])
        for (const end of ['other', 'eth0']) await ns.run('ip', ['link', 'set', end, 'addrgenmode', 'none', 'up'])
        for (const address of own) {
          const nodad = address.includes(':') ? ['nodad'] : []
          await ns.run('ip', ['addr', 'add', address, 'dev', 'eth0', ...nodad])
          await ns.run('ip', [address.includes(':') ? '-6' : '-4', 'route', 'replace', 'default', 'dev', 'eth0'])
        }
        const hosts = all.map(address => `${address} many\n`).join('')
        const [tool, args] = await lookupCall(library, EMPTY, hosts, ['many'])
        const sources = own.map(parseInterfaceAddress)
        const client: Client = {
          conf: EMPTY,
          hosts: readHosts(hosts),
          hostname: '',
          sources,
          hasIpv6: own.some(one => one.includes(':')),
        }
        const { result } = lookUp({ name: 'many' }, client, library, () => ({ kind: 'silence' }))
        const given = (await ns.run(tool, args)).trim().split(' ').map(parseIp).map(formatIp).join(' ')
        t.equal(given, gotOf(result), `${own.join(' ')}: ${all.join(' ')}`)
      }
    }),
  )
}

const EMPTY: ResolvConf = { nameservers: [], searches: [], options: [] }

// biome-ignore format: one case, one row
const ORDERS: readonly (readonly [own: readonly string[], addresses: readonly string[]])[] = [
  [['10.244.1.5/24'],                        ['10.244.2.9', '10.244.1.9', '10.244.1.4', '10.244.1.200', '192.0.2.1']],
  [['10.244.1.5/24', 'fd00:10:244:1::5/64'], ['10.244.2.9', 'fd00:10:244:2::9', '10.244.1.4', 'fd00:10:244:1::4']],
  [['10.244.1.5/24', '2001:db8:1::5/64'],    ['10.244.2.9', '2001:db8:2::9', '10.244.1.4', '2001:db8:1::4']],
  [['10.244.1.5/24', '2001:db8:1::5/64'],    ['10.244.2.9', 'fd00::9', '2001:db8:2::9', '2002:a00::1']],
  [['10.244.1.5/24'],                        ['2001:db8::9', '10.244.2.9', 'fd00::9', '10.244.1.4']],
  [['fd00:10:244:1::5/64'],                  ['10.244.2.9', 'fd00:10:244:2::9', '2001:db8::1', 'fd00:10:244:1::4']],
  [['10.244.1.5/24', 'fd00:10:244:1::5/64'], ['127.0.0.1', '::1', '10.96.0.1', '169.254.1.1']],
]

async function agrees(
  t: Test,
  says: string,
  servers: NameServers,
  library: Library,
  conf: ResolvConf,
  name: string,
  ask: Ask,
) {
  servers.answerAs(ask)
  const wanted = expected(library, conf, name, ask)
  const found = await observed(servers, library, conf, name)
  // Of a server at which nobody is nothing can be seen.
  const heard = wanted.asked.filter(line => servers.addresses.includes(line.split(' ')[0] ?? ''))
  const about = `${says}: ${name}, search ${conf.searches.join(' ')}, ${conf.options.join(' ')}`
  t.strictSame(inOrder(found.asked), inOrder(heard), `asked: ${about}`)
  t.equal(sorted(found.got, library), sorted(wanted.got, library), `got: ${about}`)
}

t.test('names of tables are names', async t => {
  for (const [, name, table] of CASES) for (const one of [name, ...Object.keys(table)]) t.ok(parseName(one))
})
