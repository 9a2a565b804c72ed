/** What each kind of name answers to each type. */
import t from 'tap'
import { type Answer, answerQuestion, type Outside } from '../../src/dns/answer.ts'
import { formatRcode } from '../../src/dns/message.ts'
import { formatName, parseName } from '../../src/dns/name.ts'
import { type DnsOptions, kubeadmOptions } from '../../src/dns/options.ts'
import { CLASS_IN, findType, formatRecord, formatType, type ResourceRecord } from '../../src/dns/record.ts'
import { type DnsObjects, Zone } from '../../src/dns/zone.ts'
import { namespaceOf, podOf, port, serviceOf, sliceOf } from './objects.ts'

const http = port(80, 'http')
const dns = port(53, 'dns', 'UDP')
const chain = Array.from({ length: 13 }, (_, i) =>
  serviceOf(`a/chain${i}`, { type: 'ExternalName', externalName: `chain${i + 1}.a.svc.cluster.local` }),
)

const OBJECTS: DnsObjects = {
  namespaces: [namespaceOf('a'), namespaceOf('b')],
  services: [
    serviceOf('a/web', { clusterIPs: ['10.96.0.1'], ports: [http, dns] }),
    serviceOf('a/dual', { clusterIPs: ['10.96.0.2', 'fd00:96::2'], ports: [http] }),
    serviceOf('a/bare', { clusterIP: '10.96.0.3', ports: [port(80)] }),
    serviceOf('a/six', { clusterIPs: ['10.96.0.6'], ports: [1, 2, 3, 4, 5, 6].map(n => port(n, `p${n}`)) }),
    serviceOf('a/hdls', { clusterIP: 'None', clusterIPs: ['None'], ports: [http] }),
    serviceOf('a/none', { clusterIP: 'None', ports: [http] }),
    serviceOf('a/portless', { clusterIP: 'None' }),
    serviceOf('a/twins', { clusterIP: 'None', ports: [http] }),
    serviceOf('a/pods', { clusterIP: 'None', ports: [http] }),
    serviceOf('a/ext', { type: 'ExternalName', externalName: 'example.com' }),
    serviceOf('a/in', { type: 'ExternalName', externalName: 'WEB.a.svc.cluster.local.' }),
    serviceOf('a/gone', { type: 'ExternalName', externalName: 'nope.a.svc.cluster.local' }),
    serviceOf('a/self', { type: 'ExternalName', externalName: 'self.a.svc.cluster.local' }),
    serviceOf('a/ping', { type: 'ExternalName', externalName: 'pong.a.svc.cluster.local' }),
    serviceOf('a/pong', { type: 'ExternalName', externalName: 'ping.a.svc.cluster.local' }),
    serviceOf('a/addr', { type: 'ExternalName', externalName: '192.0.2.1' }),
    serviceOf('a/arpa', { type: 'ExternalName', externalName: '1.0.96.10.in-addr.arpa' }),
    serviceOf('hidden/web', { clusterIP: '10.96.0.9', ports: [http] }),
    ...chain,
    serviceOf('a/chain13', { clusterIP: '10.96.0.13', ports: [http] }),
  ],
  slices: [
    sliceOf(
      'a/web',
      [
        { ip: '10.244.0.1', pod: 'web-x' },
        { ip: '10.244.0.2', ready: false },
      ],
      [http, dns],
    ),
    sliceOf('a/hdls', [{ ip: '10.244.0.3' }, { ip: '10.244.0.4', hostname: 'db-0' }], [http], 0),
    sliceOf('a/hdls', [{ ip: 'fd00:244::' }], [http], 1),
    sliceOf('a/none', [{ ip: '10.244.0.5', ready: false }], [http]),
    sliceOf('a/portless', [{ ip: '10.244.0.6' }]),
    sliceOf(
      'a/twins',
      [
        { ip: '10.244.0.7', hostname: 'twin' },
        { ip: '10.244.0.8', hostname: 'twin' },
      ],
      [http],
    ),
    sliceOf(
      'a/pods',
      [
        { ip: '10.244.0.9', pod: 'pods-x' },
        { ip: '10.244.1.9', pod: 'x'.repeat(64) },
      ],
      [http],
    ),
    sliceOf('b/orphan', [{ ip: '10.244.0.4', hostname: 'o' }], [http]),
  ],
  pods: [podOf('a/p', '10.244.0.1', 'fd00:244::1'), podOf('b/q', '10.244.0.2')],
}

const OUTSIDE: Outside = (name, type) => ({
  records: [
    type === 1
      ? { owner: name, ttl: 77, type: 'A', address: 0x01020304 as never }
      : { owner: name, ttl: 77, type: 'TXT', texts: ['other'] },
  ],
  truncated: type !== 1,
})

const ALONE: DnsOptions = { ...kubeadmOptions(), fallthrough: [], transferTo: ['*'] }

const SOA = 'cluster.local. 30 SOA ns.dns.cluster.local. hostmaster.cluster.local. 9 7200 1800 86400 30'

/** The records, `|` between sections; a denial's SOA is left to a test of its own. */
function told({ rcode, answer, authority, additional }: Answer): string {
  const lines = (records: readonly ResourceRecord[]) => records.map(formatRecord).join(', ')
  const denied = answer.length === 0 && authority.length === 1 && additional.length === 0
  if (denied) return rcode === 0 ? 'NODATA' : formatRcode(rcode)
  if (rcode !== 0) return formatRcode(rcode)
  return additional.length > 0 ? `${lines(answer)} | ${lines(additional)}` : lines(answer)
}

function ask(text: string, options: Partial<DnsOptions> = {}, outside?: Outside): string {
  const [name = '', type = ''] = text.split(' ')
  const full = /\.arpa$|\.$/.test(name) ? name : name === '' ? 'cluster.local' : `${name}.cluster.local`
  const zone = new Zone(OBJECTS, { ...ALONE, ...options }, 9)
  const question = { name: parseName(full), type: findType(type) ?? 0, class: CLASS_IN }
  const outcome = answerQuestion(zone, question, outside)
  switch (outcome.kind) {
    case 'answer':
      return told(outcome).replaceAll('.cluster.local.', '')
    case 'forward':
      return `forward, or ${told(outcome.otherwise)}`
    case 'ask':
      return `ask ${formatName(outcome.name)} ${formatType(outcome.type)}`
    case 'transfer':
      return 'transfer'
  }
}

// biome-ignore format: one case, one row
const rows: [why: string, question: string, answer: string][] = [
  ['a cluster IP answers as an address',              'web.a.svc A',                  'web.a.svc 30 A 10.96.0.1'],
  ['a cluster IP has no other family',                'web.a.svc AAAA',               'NODATA'],
  ['two cluster IPs answer by family',                'dual.a.svc AAAA',              'dual.a.svc 30 AAAA fd00:96::2'],
  ['a cluster IP needs no endpoint',                  'bare.a.svc A',                 'bare.a.svc 30 A 10.96.0.3'],
  ['a port has the addresses too',                    '_http._tcp.web.a.svc A',       '_http._tcp.web.a.svc 30 A 10.96.0.1'],
  ['underscores may be left out',                     'http.tcp.web.a.svc A',         'http.tcp.web.a.svc 30 A 10.96.0.1'],
  ['an empty port is any',                            '_._udp.web.a.svc SRV',         '_._udp.web.a.svc 30 SRV 0 100 53 web.a.svc | web.a.svc 30 A 10.96.0.1'],
  ['a port that is not there',                        '_nope._tcp.web.a.svc A',       'NXDOMAIN'],
  ['a port of another protocol',                      '_http._udp.web.a.svc SRV',     'NXDOMAIN'],
  ['an endpoint of a Service with a cluster IP',      '10-244-0-1.web.a.svc A',       '10-244-0-1.web.a.svc 30 A 10.244.0.1'],
  ['an endpoint that is not ready',                   '10-244-0-2.web.a.svc A',       'NXDOMAIN'],
  ['a label that is no endpoint',                     '_http.web.a.svc A',            'NXDOMAIN'],
  ['all ready endpoints of a headless Service',       'hdls.a.svc A',                 'hdls.a.svc 30 A 10.244.0.3, hdls.a.svc 30 A 10.244.0.4'],
  ['and of the other family',                         'hdls.a.svc AAAA',              'hdls.a.svc 30 AAAA fd00:244::'],
  ['a headless Service with nobody ready is missing', 'none.a.svc A',                 'NXDOMAIN'],
  ['one without that family is not',                  'twins.a.svc AAAA',             'NODATA'],
  ['an endpoint by its hostname',                     'db-0.hdls.a.svc A',            'db-0.hdls.a.svc 30 A 10.244.0.4'],
  ['an endpoint by its IPv6 address',                 'fd00-244--0.hdls.a.svc AAAA',  'fd00-244--0.hdls.a.svc 30 AAAA fd00:244::'],
  ['endpoints that share a hostname',                 'twin.twins.a.svc A',           'twin.twins.a.svc 30 A 10.244.0.7, twin.twins.a.svc 30 A 10.244.0.8'],
  ['ports of a cluster IP',                           'web.a.svc SRV',                'web.a.svc 30 SRV 0 50 80 web.a.svc, web.a.svc 30 SRV 0 50 53 web.a.svc | web.a.svc 30 A 10.96.0.1'],
  ['a port without a name is told by the Service',    'bare.a.svc SRV',               'bare.a.svc 30 SRV 0 100 80 bare.a.svc | bare.a.svc 30 A 10.96.0.3'],
  ['one record for two families, at half the weight', '_http._tcp.dual.a.svc SRV',    '_http._tcp.dual.a.svc 30 SRV 0 50 80 dual.a.svc | dual.a.svc 30 A 10.96.0.2, dual.a.svc 30 AAAA fd00:96::2'],
  ['six ports share a hundred',                       'six.a.svc SRV',                `${[1, 2, 3, 4, 5, 6].map(n => `six.a.svc 30 SRV 0 16 ${n} six.a.svc`).join(', ')} | six.a.svc 30 A 10.96.0.6`],
  ['twins are one target with two addresses',         '_http._tcp.twins.a.svc SRV',   '_http._tcp.twins.a.svc 30 SRV 0 50 80 twin.twins.a.svc | twin.twins.a.svc 30 A 10.244.0.7, twin.twins.a.svc 30 A 10.244.0.8'],
  ['without a port there is no SRV record',           'portless.a.svc SRV',           'NODATA'],
  ['but there are addresses',                         'portless.a.svc A',             'portless.a.svc 30 A 10.244.0.6'],
  ['an endpoint has SRV records',                     'db-0.hdls.a.svc SRV',          'db-0.hdls.a.svc 30 SRV 0 100 80 db-0.hdls.a.svc | db-0.hdls.a.svc 30 A 10.244.0.4'],
  ['an ExternalName outside',                         'ext.a.svc A',                  'ext.a.svc 30 CNAME example.com.'],
  ['an ExternalName as such',                         'ext.a.svc CNAME',              'ext.a.svc 30 CNAME example.com.'],
  ['an ExternalName has no ports',                    'ext.a.svc SRV',                'NODATA'],
  ['nor names below it',                              'www.ext.a.svc A',              'NXDOMAIN'],
  ['nor ports by name',                               '_http._tcp.ext.a.svc A',       'NXDOMAIN'],
  ['an ExternalName inside',                          'in.a.svc A',                   'in.a.svc 30 CNAME WEB.a.svc, WEB.a.svc 30 A 10.96.0.1'],
  ['of another family leads nowhere',                 'in.a.svc AAAA',                'NODATA'],
  ['an ExternalName that is missing inside',          'gone.a.svc A',                 'NODATA'],
  ['its CNAME is there',                              'gone.a.svc CNAME',             'gone.a.svc 30 CNAME nope.a.svc'],
  ['an ExternalName of itself',                       'self.a.svc A',                 'NODATA'],
  ['two that name each other',                        'ping.a.svc A',                 'NODATA'],
  ['an ExternalName that is an address',              'addr.a.svc A',                 'NXDOMAIN'],
  ['an ExternalName in another of the zones',         'arpa.a.svc A',                 'arpa.a.svc 30 CNAME 1.0.96.10.in-addr.arpa.'],
  ['a chain of ten is followed',                      'chain2.a.svc A',               `${[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map(n => `chain${n}.a.svc 30 CNAME chain${n + 1}.a.svc, `).join('')}chain13.a.svc 30 A 10.96.0.13`],
  ['a longer one is not',                             'chain1.a.svc A',               'NODATA'],
  ['CNAME of something else',                         'web.a.svc CNAME',              'NODATA'],
  ['CNAME of nothing',                                'nope.a.svc CNAME',             'NXDOMAIN'],
  ['the version of the schema',                       'dns-version TXT',              'dns-version 28800 TXT "1.1.0"'],
  ['has no address',                                  'dns-version A',                'NXDOMAIN'],
  ['TXT of a Service',                                'web.a.svc TXT',                'NODATA'],
  ['TXT of nothing',                                  'nope.a.svc TXT',               'NXDOMAIN'],
  ['TXT of a name between',                           'a.svc TXT',                    'NXDOMAIN'],
  ['any type of a Service',                           'web.a.svc ANY',                'NODATA'],
  ['any type of nothing',                             'nope.a.svc HINFO',             'NXDOMAIN'],
  ['an unknown type of a Service',                    'web.a.svc TYPE999',            'NODATA'],
  ['MX of an ExternalName',                           'ext.a.svc MX',                 'NODATA'],
  ['SOA of the zone',                                 ' SOA',                         SOA.replaceAll('.cluster.local.', '')],
  ['SOA of a Service',                                'web.a.svc SOA',                'NODATA'],
  ['SOA of nothing',                                  'nope.a.svc SOA',               'NODATA'],
  ['NS of a Service',                                 'web.a.svc NS',                 'NODATA'],
  ['NS of nothing',                                   'nope.a.svc NS',                'NXDOMAIN'],
  ['NS where no address of a server is known',        ' NS',                          'NODATA'],
  ['the zone itself has no address',                  ' A',                           'NODATA'],
  ['names of kinds',                                  'svc A',                        'NODATA'],
  ['and of Pods',                                     'pod AAAA',                     'NODATA'],
  ['a namespace',                                     'b.svc A',                      'NODATA'],
  ['a namespace that is not there',                   'nope.svc A',                   'NXDOMAIN'],
  ['a Service in a namespace that is not there',      'web.hidden.svc A',             'NXDOMAIN'],
  ['another word for a kind',                         'web.a.pods A',                 'NXDOMAIN'],
  ['too many labels',                                 'x.y.z.web.a.svc A',            'NXDOMAIN'],
  ['wildcards are no more',                           '*.a.svc A',                    'NXDOMAIN'],
  ['a dot within a label',                            'web\\.a.svc A',                'NXDOMAIN'],
  ['slices without their Service',                    'orphan.b.svc A',               'NXDOMAIN'],
  ['the address of a Service',                        '1.0.96.10.in-addr.arpa PTR',   '1.0.96.10.in-addr.arpa. 30 PTR web.a.svc'],
  ['the address of a Service out of sight',           '9.0.96.10.in-addr.arpa PTR',   '9.0.96.10.in-addr.arpa. 30 PTR web.hidden.svc'],
  ['an IPv6 address of a Service',                    '2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.0.d.f.ip6.arpa PTR', '2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.0.d.f.ip6.arpa. 30 PTR dual.a.svc'],
  ['the address of an endpoint',                      '1.0.244.10.in-addr.arpa PTR',  '1.0.244.10.in-addr.arpa. 30 PTR 10-244-0-1.web.a.svc'],
  ['an address of two endpoints',                     '4.0.244.10.in-addr.arpa PTR',  '4.0.244.10.in-addr.arpa. 30 PTR db-0.hdls.a.svc, 4.0.244.10.in-addr.arpa. 30 PTR o.orphan.b.svc'],
  ['the address of an endpoint that is not ready',    '5.0.244.10.in-addr.arpa PTR',  'NXDOMAIN'],
  ['part of an address',                              '0.244.10.in-addr.arpa PTR',    'NXDOMAIN'],
  ['too much of an address',                          '1.1.0.244.10.in-addr.arpa PTR', 'NXDOMAIN'],
  ['an octet that is none',                           '01.0.244.10.in-addr.arpa PTR', 'NXDOMAIN'],
  ['the reverse zone itself',                         'in-addr.arpa PTR',             'NODATA'],
  ['another type of an address',                      '1.0.96.10.in-addr.arpa A',     'NXDOMAIN'],
  ['a Service in the reverse zone',                   'web.a.svc.in-addr.arpa A',     'NXDOMAIN'],
  ['PTR of a Service',                                'web.a.svc PTR',                'NODATA'],
  ['an address below the zone',                       '1.0.96.10.in-addr.arpa.x PTR', 'NXDOMAIN'],
  ['a Pod by its address',                            '10-1-1-1.a.pod A',             '10-1-1-1.a.pod 30 A 10.1.1.1'],
  ['a Pod by its IPv6 address',                       'fd00--7.a.pod AAAA',           'fd00--7.a.pod 30 AAAA fd00::7'],
  ['a Pod of the other family',                       'fd00--7.a.pod A',              'NODATA'],
  ['a Pod of no address',                             'web-0.a.pod A',                'NXDOMAIN'],
  ['a Pod where no namespace is',                     '10-1-1-1.nope.pod A',          'NXDOMAIN'],
  ['a namespace of Pods',                             'a.pod A',                      'NODATA'],
  ['SRV of a Pod',                                    '10-1-1-1.a.pod SRV',           '10-1-1-1.a.pod 30 SRV 0 100 0 10-1-1-1.a.pod | 10-1-1-1.a.pod 30 A 10.1.1.1'],
  ['a transfer of the zone',                          ' AXFR',                        'transfer'],
  ['a transfer of a part',                            'a.svc AXFR',                   'REFUSED'],
  ['a name outside',                                  'example.com. A',               'forward, or SERVFAIL'],
  ['the spelling of the question is kept',            'WEB.A.SVC A',                  'WEB.A.SVC 30 A 10.96.0.1'],
]

for (const [why, question, answer] of rows) t.test(why, async t => t.equal(ask(question), answer))

// biome-ignore format: one case, one row
const set: [why: string, question: string, options: Partial<DnsOptions>, answer: string, outside?: Outside][] = [
  ['no Pods: their namespaces are missing',        'a.pod A',               { pods: 'disabled' }, 'NXDOMAIN'],
  ['no Pods: the word is not',                     'pod A',                 { pods: 'disabled' }, 'NODATA'],
  ['no Pods',                                      '10-244-0-1.a.pod A',    { pods: 'disabled' }, 'NXDOMAIN'],
  ['verified Pods: one that is there',             '10-244-0-1.a.pod A',    { pods: 'verified' }, '10-244-0-1.a.pod 30 A 10.244.0.1'],
  ['verified Pods: its other address',             'fd00-244--1.a.pod AAAA', { pods: 'verified' }, 'fd00-244--1.a.pod 30 AAAA fd00:244::1'],
  ['verified Pods: one of another namespace',      '10-244-0-2.a.pod A',    { pods: 'verified' }, 'NXDOMAIN'],
  ['verified Pods: one that is not there',         '10-1-1-1.a.pod A',      { pods: 'verified' }, 'NXDOMAIN'],
  ['endpoints by the name of their Pod',           'pods-x.pods.a.svc A',   { endpointPodNames: true }, 'pods-x.pods.a.svc 30 A 10.244.0.9'],
  ['unless that is too long for a label',          '10-244-1-9.pods.a.svc A', { endpointPodNames: true }, '10-244-1-9.pods.a.svc 30 A 10.244.1.9'],
  ['empty Services ignored',                       'bare.a.svc A',          { ignoreEmptyServices: true }, 'NXDOMAIN'],
  ['empty Services ignored: one with endpoints',   'web.a.svc A',           { ignoreEmptyServices: true }, 'web.a.svc 30 A 10.96.0.1'],
  ['no endpoints: a headless Service',             'hdls.a.svc A',          { noEndpoints: true }, 'NXDOMAIN'],
  ['no endpoints: an address',                     '1.0.244.10.in-addr.arpa PTR', { noEndpoints: true }, 'NXDOMAIN'],
  ['namespaces that may be seen',                  'web.a.svc A',           { namespaces: ['b'] }, 'NXDOMAIN'],
  ['and their addresses',                          '1.0.96.10.in-addr.arpa PTR', { namespaces: ['b'] }, 'NXDOMAIN'],
  ['TTL',                                          'web.a.svc A',           { ttl: 0 }, 'web.a.svc 0 A 10.96.0.1'],
  ['SOA at a high TTL',                            ' SOA',                  { ttl: 3600 }, 'cluster.local. 300 SOA ns.dns hostmaster 9 7200 1800 86400 3600'.replace('cluster.local. 300', 'cluster.local. 300')],
  ['somebody else for missing addresses',          '9.9.9.9.in-addr.arpa PTR', { fallthrough: [parseName('in-addr.arpa')] }, 'forward, or NXDOMAIN'],
  ['but not for missing Services',                 'nope.a.svc A',          { fallthrough: [parseName('in-addr.arpa')] }, 'NXDOMAIN'],
  ['somebody else for everything missing',         'nope.a.svc A',          { fallthrough: [[]] }, 'forward, or NXDOMAIN'],
  ['no transfer',                                  ' AXFR',                 { transferTo: [] }, 'REFUSED'],
  ['a server that serves no more than the zone',   'example.com. A',        { served: [{ zone: parseName('cluster.local'), cluster: true, forwards: [] }] }, 'REFUSED'],
  ['a zone of somebody else within',               'x.stub A',              { served: [...kubeadmOptions().served, { zone: parseName('stub.cluster.local'), cluster: false, forwards: [] }] }, 'forward, or SERVFAIL'],
  ['a server at an address of its own',            ' NS',                   { servers: ['192.0.2.1'] }, 'cluster.local. 30 NS ns.dns | ns.dns 30 A 192.0.2.1'],
  ['the address of that server',                   'ns.dns A',              { servers: ['192.0.2.1'] }, 'ns.dns 30 A 192.0.2.1'],
  ['and no other',                                 'ns.dns AAAA',           { servers: ['192.0.2.1'] }, 'NODATA'],
  ['a server behind a Service',                    ' NS',                   { servers: ['10.244.0.1'] }, 'cluster.local. 30 NS web.a.svc | web.a.svc 30 A 10.96.0.1'],
  ['a server behind a headless Service',           ' NS',                   { servers: ['fd00:244::'] }, 'cluster.local. 30 NS fd00-244--0.hdls.a.svc | fd00-244--0.hdls.a.svc 30 AAAA fd00:244::'],
  ['an ExternalName, when nothing was asked yet',  'ext.a.svc A',           {}, 'ask example.com. A', () => undefined],
  ['one that is not asked for',                    'ext.a.svc CNAME',       {}, 'ext.a.svc 30 CNAME example.com.', () => undefined],
  ['an ExternalName with what was said outside',   'ext.a.svc A',           {}, 'ext.a.svc 30 CNAME example.com., example.com. 77 A 1.2.3.4', OUTSIDE],
]

for (const [why, question, options, answer, outside] of set) {
  t.test(why, async t => t.equal(ask(question, options, outside), answer))
}

t.test('a denial carries the SOA, spelled as the question is', async t => {
  const zone = new Zone(OBJECTS, ALONE, 9)
  for (const name of ['Nope.a.svc.Cluster.LOCAL', 'a.svc.Cluster.LOCAL']) {
    const outcome = answerQuestion(zone, { name: parseName(name), type: 1, class: CLASS_IN })
    t.match(outcome, { kind: 'answer', authoritative: true, truncated: false, answer: [], additional: [] })
    if (outcome.kind === 'answer') {
      t.strictSame(outcome.authority.map(formatRecord), [SOA.replaceAll('cluster.local', 'Cluster.LOCAL')])
    }
  }
})

t.test('targets of SRV are spelled as objects and the question spell them', async t => {
  const zone = new Zone(OBJECTS, ALONE, 9)
  const name = parseName('_HtTp._TcP.WeB.a.SvC.cLuStEr.LoCaL')
  const outcome = answerQuestion(zone, { name, type: findType('SRV') ?? 0, class: CLASS_IN })
  t.ok(outcome.kind === 'answer')
  if (outcome.kind !== 'answer') return
  t.strictSame(outcome.answer.map(formatRecord), [`${formatName(name)} 30 SRV 0 100 80 web.a.svc.cLuStEr.LoCaL.`])
  t.strictSame(outcome.additional.map(formatRecord), ['web.a.svc.cLuStEr.LoCaL. 30 A 10.96.0.1'])
})

t.test('what was cut outside is cut here', async t => {
  const zone = new Zone(OBJECTS, ALONE, 9)
  const name = parseName('ext.a.svc.cluster.local')
  t.match(answerQuestion(zone, { name, type: 28, class: CLASS_IN }, OUTSIDE), { kind: 'answer', truncated: true })
})

t.test('no refusal is authoritative', async t => {
  const zone = new Zone(OBJECTS, { ...ALONE, transferTo: [] }, 9)
  const question = { name: parseName('cluster.local'), type: findType('AXFR') ?? 0, class: CLASS_IN }
  t.match(answerQuestion(zone, question), { kind: 'answer', authoritative: false, authority: [] })
})
