/** What a Corefile says about the cluster's zone. */
import t from 'tap'
import { parseCorefile } from '../../src/dns/corefile.ts'
import { formatName, type Name } from '../../src/dns/name.ts'
import { type DnsOptions, kubeadmOptions, readCorefile } from '../../src/dns/options.ts'
import { zonesOfKey } from '../../src/dns/server-key.ts'

const KUBEADM = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
`

t.test('what kubeadm writes is what is taken for granted', async t => {
  t.strictSame(readCorefile(KUBEADM), { options: kubeadmOptions(), notes: [] })
})

const text = (names: readonly Name[]) => names.map(formatName).join(' ')

/** A Corefile around properties of the plugin. */
const around = (properties: string, rest = '') => `.:53 {\n kubernetes cluster.local {\n${properties}\n }\n${rest}\n}`

// biome-ignore format: one case, one row
const rows: [why: string, file: string, key: keyof DnsOptions, value: unknown][] = [
  ['without a word, Pods have no names',  around(''),                                   'pods',                'disabled'],
  ['without a word, the TTL is five',     around(''),                                   'ttl',                 5],
  ['pods',                                around('pods verified'),                      'pods',                'verified'],
  ['ttl',                                 around('ttl 0'),                              'ttl',                 0],
  ['endpoint_pod_names',                  around('endpoint_pod_names'),                 'endpointPodNames',    true],
  ['noendpoints',                         around('noendpoints'),                        'noEndpoints',         true],
  ['ignore empty_service',                around('ignore empty_service'),               'ignoreEmptyServices', true],
  ['namespaces',                          around('namespaces a b'),                     'namespaces',          ['a', 'b']],
  ['a fallthrough in all zones',          around('fallthrough'),                        'fallthrough',         [[]]],
  ['a fallthrough in one',                around('fallthrough 10.0.0.0/8'),             'fallthrough',         [['10', 'in-addr', 'arpa']]],
  ['transfers to anybody',                around('', 'transfer {\n to *\n}'),           'transferTo',          ['*']],
  ['transfers to a few',                  around('', 'transfer cluster.local {\n to 192.0.2.1\n to 192.0.2.2 192.0.2.3\n}'), 'transferTo', ['192.0.2.1', '192.0.2.2', '192.0.2.3']],
  ['transfers of another zone',           around('', 'transfer example.org {\n to *\n}'), 'transferTo',        []],
  ['zones of the plugin, in any case',    'x {\nkubernetes Cluster.LOCAL. 10.244.0.0/16\n}', 'zones',          [['cluster', 'local'], ['244', '10', 'in-addr', 'arpa']]],
  ['zones of the server block',           'a.b:5353, dns://c.d {\nkubernetes\n}',       'zones',               [['a', 'b'], ['c', 'd']]],
]

for (const [why, file, key, value] of rows) {
  t.test(why, async t => t.strictSame(readCorefile(file).options[key], value))
}

t.test('labels are selectors', async t => {
  const { options } = readCorefile(around('labels app in (a, b), !x\nnamespace_labels team=net'))
  t.strictSame(options.labels.map(one => one.key).sort(), ['app', 'x'])
  t.strictSame(
    options.namespaceLabels.map(one => one.values),
    [['net']],
  )
})

t.test('zones of other server blocks are for somebody else', async t => {
  const { options } = readCorefile(`${KUBEADM}stub.local:53 {\n forward . 10.0.0.1 10.0.0.2\n}\n`)
  const [home, stub] = options.served
  t.strictSame(home, { zone: [], cluster: true, forwards: [{ from: [], to: ['/etc/resolv.conf'] }] })
  t.strictSame(stub, {
    zone: ['stub', 'local'],
    cluster: false,
    forwards: [{ from: [], to: ['10.0.0.1', '10.0.0.2'] }],
  })
})

t.test('what is not followed is told', async t => {
  const { notes } = readCorefile(around('zonal\nkubeconfig x', 'rewrite name a b\nhosts {\n 10.0.0.1 x\n}'))
  t.strictSame(notes, [
    'line 3: kubernetes zonal is not followed',
    'line 6: plugin rewrite is not followed',
    'line 7: plugin hosts is not followed',
  ])
})

t.test('comments, quotes, snippets', async t => {
  const blocks = parseCorefile('# a\n(s) {\n log "a \\"b\\"" # c\n ttl#1\n}\n. {\n import s\n import elsewhere\n}')
  t.strictSame(blocks, [
    {
      keys: ['.'],
      plugins: [
        { name: 'log', args: ['a "b"'], block: [], line: 3 },
        { name: 'ttl#1', args: [], block: [], line: 4 },
        { name: 'import', args: ['elsewhere'], block: [], line: 8 },
      ],
    },
  ])
})

// biome-ignore format: one case, one row
const wrong: [why: string, file: string, message: RegExp][] = [
  ['no such plugin',            '. {\n forward . 1.1.1.1\n}',       /line 1: no server block has the plugin kubernetes/],
  ['a block left open',         '. {\n kubernetes a {\n',           /line 2: a block is not closed with "}"/],
  ['a block without braces',    '.\nkubernetes',                    /line 1: a server block is not opened with "{"/],
  ['a block without a zone',    '{\n}',                             /line 1: a server block without a zone/],
  ['only reverse zones',        '. {\n kubernetes ip6.arpa\n}',     /"kubernetes": line 2: non-reverse zone name must be used/],
  ['a TTL too long',            around('ttl 3601'),                 /"ttl 3601": line 3: ttl must be in range \[0, 3600\]/],
  ['a TTL of no number',        around('ttl x'),                    /ttl must be in range/],
  ['an unknown mode',           around('pods some'),                /must be one of disabled, verified, insecure/],
  ['nothing to ignore',         around('ignore'),                   /unable to parse ignore value/],
  ['no namespace',              around('namespaces'),               /a namespace is missing/],
  ['no selector',               around('labels'),                   /a label selector is missing/],
  ['blocks without end',        `. {\n${'a {\n'.repeat(20)}`,       /nested too deep/],
]

for (const [why, file, message] of wrong) {
  t.test(`refused: ${why}`, async t => {
    t.throws(() => readCorefile(file), { message })
  })
}

// biome-ignore format: one case, one row
const keys: [key: string, zones: string][] = [
  ['.:53',               '.'],
  ['dns://.',            '.'],
  [':53',                '.'],
  ['Example.org:1053',   'example.org.'],
  ['10.0.0.0/8',         '10.in-addr.arpa.'],
  ['10.1.2.3/16',        '1.10.in-addr.arpa.'],
  ['10.96.0.0/15',       '96.10.in-addr.arpa. 97.10.in-addr.arpa.'],
  ['10.0.0.4/30',        '4.0.0.10.in-addr.arpa. 5.0.0.10.in-addr.arpa. 6.0.0.10.in-addr.arpa. 7.0.0.10.in-addr.arpa.'],
  ['0.0.0.0/0',          'in-addr.arpa.'],
  ['fd00::/8',           'd.f.ip6.arpa.'],
  ['fd00::/7',           'c.f.ip6.arpa. d.f.ip6.arpa.'],
  ['fd00:10:244::/46',   '4.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa. 5.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa. 6.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa. 7.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa.'],
]

for (const [key, zones] of keys) t.test(`${key} names ${zones}`, async t => t.equal(text(zonesOfKey(key)), zones))
