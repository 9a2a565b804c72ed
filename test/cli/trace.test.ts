/** `podwire trace`, as a person calls it. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { podwire } from './capture.ts'

const PATHS = ['-f', 'scenarios/packet-paths/manifests']
const AFFINE = ['-f', 'scenarios/session-affinity/manifests']
const OUTSIDE = ['-f', 'scenarios/from-outside/manifests']

// biome-ignore format: one case, one row
const CASES: readonly (readonly [says: string, args: readonly string[], code: number, told: RegExp])[] = [
  ['delivered on all paths is 0',              [...PATHS, 'pod/client', 'svc/web:http'],                          0, /DELIVERED {3}2 of 2 endpoints {3}reply OK/],
  ['a refusal is 1, with the reason',          [...PATHS, 'pod/client', 'svc/empty'],                             1, /selects app=nobody/],
  ['some paths only is 3',                     [...PATHS, 'pod/client', 'svc/web:http', '--fault', 'node-1 fdb del 192.168.64.12'], 3, /PARTLY/],
  ['the chosen endpoint is shown',             [...PATHS, 'pod/client', 'svc/web:http', '--to-endpoint', 'web-2'], 0, /DELIVERED .*\n(?:.*\n)*.*web-2 .*\(shown\)/],
  ['a path that is lost can be chosen too',    [...PATHS, 'pod/client', 'svc/web:http', '--to-endpoint', 'web-2', '--fault', 'node-1 fdb del 192.168.64.12'], 3, /no forwarding entry/],
  ['0.0.0.0 is the sender itself',             [...PATHS, 'pod/web-1', '0.0.0.0:8080'],                           0, /127\.0\.0\.1:8080/],
  ['one way is drawn by the seed',             [...PATHS, 'pod/client', 'svc/web:http', '--draw', '--seed', '1'], 0, /DELIVERED/],
  ['a name is resolved as the pod would',      [...PATHS, 'pod/client', 'web.default:80'],                        0, /DELIVERED/],
  ['a ping has no ports',                      [...PATHS, 'pod/client', 'pod/web-2', '--proto', 'icmp'],          0, /DELIVERED/],
  ['a TTL runs out',                           [...PATHS, 'pod/client', 'pod/web-2:http', '--ttl', '1'],          1, /10\.244\.1\.1/],
  ['a datagram too long is cut by its sender',    [...PATHS, 'pod/client', 'pod/web-2:http', '--proto', 'udp', '--size', '2000'], 1, /cut into 2 pieces/],
  ['TCP sends what fits',                      [...PATHS, 'pod/client', 'pod/web-2:http', '--size', '2000'],      0, /too big for eth0's 1450: sent again in 1450 bytes/],
  ['a client outside comes in by a node',      [...OUTSIDE, 'ip:198.51.100.7', 'svc/cluster', '--entry', 'nodeport', '--via', 'node-2'], 0, /192\.168\.64\.12:30001/],
  ['the same client again keeps its endpoint', [...AFFINE, 'pod/client', 'svc/web', '--then', '+10s again'],     0, /10\.96\.0\.10:80/],
  ['every rule is told with -v',               [...PATHS, 'pod/client', 'svc/web:http', '-v'],                    0, /no match: source 10\.244\.1\.2 is (?:in|not)/],
  ['a release is another behaviour',           [...PATHS, 'pod/client', 'svc/web:http', '--release', '1.30'],     0, /DELIVERED/],
]
for (const [says, args, code, told] of CASES) {
  t.test(`trace: ${says}`, async t => {
    const { code: met, out, err } = await podwire(['trace', ...args])
    t.equal(met, code, out + err)
    t.match(out, told)
  })
}

// biome-ignore format: one case, one row
const REFUSED: readonly (readonly [args: readonly string[], told: RegExp])[] = [
  [[],                                                                  /say from where and to where/],
  [['pod/a', 'svc/b'],                                                  /give the manifests with -f, or dumps of hosts with --state/],
  [[...PATHS, 'pod/client', 'svc/web', 'more'],                         /say from where and to where/],
  [[...PATHS, 'pod/nobody', 'svc/web'],                                 /there is no running pod default\/nobody/],
  [[...PATHS, 'pod/client', 'svc/web', '--proto', 'gre'],               /--proto is one of tcp, udp, sctp, icmp, not "gre"/],
  [[...PATHS, 'pod/client', 'svc/web', '--then', '+soon again'],        /\+soon is no time such as \+30s/],
  [[...PATHS, 'pod/client', 'svc/web', '--then', 'a b c'],              /--then takes "\[\+SPAN\] again" or "\[\+SPAN\] FROM TO"/],
  [[...PATHS, 'pod/client', 'svc/web', '--fault', 'node-1 fdb'],        /not of the form NODE sysctl/],
  [[...PATHS, 'pod/client', 'svc/web', '--fault', 'node-9 fdb del 1.1.1.1'], /there is no such node/],
  [[...PATHS, 'pod/client', 'svc/web', '--to-endpoint', 'web-9'],       /no path leads there; packets can reach 10\.244/],
  [[...PATHS, 'pod/client', 'svc/web', '--draw', '--all-paths'],        /--draw follows one way/],
  [[...PATHS, 'pod/client', 'svc/web', '-o', 'dot'],                    /--output is one of text, json, mermaid, pcap/],
  [[...PATHS, 'pod/client', 'fd00::1', '--proto', 'tcp'],               /which port\? write \[fd00::1\]:PORT/],
  [[...PATHS, 'pod/client', 'svc/web:http', '--via', 'node-9'],         /--via node-9: there is no such node; there are node-1, node-2/],
  [[...PATHS, 'pod/client', 'svc/web:http', '--size', '40'],            /such a packet has 60 bytes at least/],
  [['--state', 'nowhere', '10.0.0.1', '10.0.0.2:80'],                   /nowhere/],
]
for (const [args, told] of REFUSED) {
  t.test(`trace ${args.join(' ')} is refused in words`, async t => {
    const { code, out, err } = await podwire(['trace', ...args])
    t.equal(code, 2)
    t.equal(out, '')
    t.match(err, told)
  })
}

t.test('trace writes JSON, Mermaid and a capture', async t => {
  const call = ['trace', ...PATHS, 'pod/client', 'svc/web:http', '-o']
  const json = JSON.parse((await podwire([...call, 'json'])).out) as { version: number; paths: readonly unknown[] }
  t.equal(json.version, 1)
  t.equal(json.paths.length, 2)
  t.match((await podwire([...call, 'mermaid'])).out, /^sequenceDiagram/)
  const { bytes = new Uint8Array(), out } = await podwire([...call, 'pcap'])
  t.equal(out, '')
  t.same([...bytes.subarray(0, 4)], [0x0a, 0x0d, 0x0d, 0x0a], 'a section header of pcapng')
})

t.test('what render says of the nodes is what trace walks through', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-trace-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const scenario of ['packet-paths', 'host-gw', 'from-outside', 'dual-stack', 'guestbook']) {
    const objects = ['-f', `scenarios/${scenario}/manifests`]
    const out = join(folder, scenario)
    t.equal((await podwire(['render', ...objects, '--form', 'save', '--out', out])).code, 0)
    const [from = '', to = ''] = QUESTIONS[scenario] ?? []
    for (const more of [[], ['-v']]) {
      const made = await podwire(['trace', ...objects, from, to, ...more])
      const read = await podwire(['trace', ...objects, '--state', out, from, to, ...more])
      t.equal(withoutTry(read.out), withoutTry(made.out), `${scenario} ${more.join()}`)
      t.equal(read.code, made.code)
    }
  }
})

const QUESTIONS: Readonly<Record<string, readonly [from: string, to: string]>> = {
  'packet-paths': ['pod/client', 'svc/web:http'],
  'host-gw': ['pod/client', 'svc/web'],
  'from-outside': ['ip:198.51.100.7', 'svc/balanced'],
  'dual-stack': ['node/node-1', 'node/node-2:1'],
  guestbook: ['deploy/guestbook/frontend', 'svc/guestbook/redis-leader'],
}

/** The commands to try name the folders that were given; objects are told only where rules come from objects. */
function withoutTry(text: string): string {
  return (text.split('\nTRY')[0] ?? '').replaceAll(/ {3}<- .*$/gm, '')
}

t.test('dumps alone: who has addresses of both families is one machine', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-trace-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  await podwire(['render', '-f', 'scenarios/dual-stack/manifests', '--form', 'save', '--out', join(folder, 'out')])
  const { code, out } = await podwire(['trace', '--state', join(folder, 'out'), '10.244.0.2', '10.244.1.2:8080'])
  t.equal(code, 0, out)
})

t.test('dumps alone: what nobody told of is not said to answer', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-trace-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const state = join(folder, 'out')
  await podwire(['render', ...PATHS, '--form', 'save', '--out', state])
  for (const call of [
    ['--state', state, '10.244.1.2', '10.96.0.10:99'],
    ['--state', join(state, 'node-1'), '10.244.1.2', '10.244.2.2:8080'],
  ]) {
    const { code, out } = await podwire(['trace', ...call])
    t.equal(code, 1)
    t.match(out, /LEFT at/)
  }
})

t.test('dumps alone: pods are known by their addresses', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-trace-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  await podwire(['render', ...PATHS, '--form', 'save', '--out', join(folder, 'out')])
  const { code, out } = await podwire(['trace', '--state', join(folder, 'out'), '10.244.1.2', '10.96.0.10:80'])
  t.equal(code, 0)
  t.match(out, /DELIVERED {3}2 of 2 endpoints {3}reply OK/)
})

t.test('a rule that cannot be decided ends the trace, or is assumed', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-trace-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'host.save')
  writeFileSync(
    file,
    '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m psd --psd-delay-threshold 300 -j DROP\nCOMMIT\n',
  )
  const call = ['trace', '--state', file, 'ip:203.0.113.5', 'node/host:80']
  const open = await podwire(call)
  t.equal(open.code, 1)
  t.match(open.out, /UNDECIDED at host/)
  t.match(open.out, /rule filter:INPUT:1 on host/)
  t.match(open.out, /--assume/)
  t.equal((await podwire([...call, '--assume', 'miss'])).code, 0)
  t.match((await podwire([...call, '--assume', 'match'])).out, /DROPPED/)
})

t.test('a save file that is malformed is refused with file and line', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-trace-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'host.save')
  writeFileSync(file, '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 10.0.0.300 -j DROP\nCOMMIT\n')
  const { code, err } = await podwire(['trace', '--state', file, '10.0.0.1', '10.0.0.2:80'])
  t.equal(code, 2)
  t.match(err, /host\.save.*line 3.*10\.0\.0\.300/)
})

const DUMPS = '../shared/dumps'
t.test('real dumps can be traced through', { skip: existsSync(DUMPS) ? false : `${DUMPS} is not there` }, async t => {
  for (const file of readdirSync(DUMPS).filter(name => name.endsWith('.save'))) {
    const node = file.replace(/\.save$/, '')
    for (const proto of ['tcp', 'udp', 'icmp']) {
      for (const to of [`node/${node}:22`, '10.0.0.9:80', '172.17.0.2:53']) {
        const call = ['--state', join(DUMPS, file), 'ip:203.0.113.5', proto === 'icmp' ? to.replace(/:\d+$/, '') : to]
        const { code, out, err } = await podwire(['trace', ...call, '--proto', proto])
        t.ok(code === 0 || code === 1 || code === 3, `${file} ${proto} ${to}: ${code} ${err}`)
        t.match(out, /^RESULT/m)
        t.notMatch(out, /UNDECIDED/, `${file}: every rule is decided`)
      }
    }
  }
})
