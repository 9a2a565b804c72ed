/** dig, kdig and drill, each of which understands every kind of answer, and all of them the same. */
import { execFile, spawnSync } from 'node:child_process'
import { env } from 'node:process'
import { promisify } from 'node:util'
import t from 'tap'
import { kubeadmOptions } from '../../../src/dns/options.ts'
import type { TYPES } from '../../../src/dns/record.ts'
import { Zone } from '../../../src/dns/zone.ts'
import { namespaceOf, port, serviceOf, sliceOf } from '../../dns/objects.ts'
import { serve } from './served.ts'

interface Tool {
  readonly name: string
  readonly package: string
  /** Asks for several names, one after the other, in one call where the tool can. */
  readonly asks: (port: number, questions: readonly Question[]) => readonly (readonly string[])[]
}

interface Question {
  readonly name: string
  readonly type: string
  readonly edns: boolean
}

const typed = ({ name, type, edns }: Question) => [name, type, edns ? '+edns=0' : '+noedns']
const TOOLS: readonly Tool[] = [
  {
    name: 'dig',
    package: 'bind9-dnsutils',
    asks: (port, all) => [
      all.flatMap(one => ['@127.0.0.1', '-p', String(port), '+time=5', '+tries=1', '+nocookie', ...typed(one)]),
    ],
  },
  {
    name: 'kdig',
    package: 'knot-dnsutils',
    asks: (port, all) => all.map(one => ['@127.0.0.1', '-p', String(port), '+time=5', '+retry=0', ...typed(one)]),
  },
  {
    // It does not come back over TCP by itself.
    name: 'drill',
    package: 'ldnsutils',
    asks: (port, all) =>
      all.map(({ name, type, edns }) => [
        ...(edns ? ['-b', '1232'] : ['-t']),
        '-p',
        String(port),
        name,
        '@127.0.0.1',
        type,
      ]),
  },
]

const OBJECTS = {
  namespaces: [namespaceOf('a')],
  services: [
    serviceOf('a/web', { clusterIPs: ['10.96.0.1', 'fd00::1'], ports: [port(80, 'http')] }),
    serviceOf('a/many', { clusterIP: 'None', ports: [port(80, 'http')] }),
    serviceOf('a/ext', { type: 'ExternalName', externalName: 'www.example.com' }),
  ],
  slices: [
    sliceOf(
      'a/many',
      Array.from({ length: 60 }, (_, i) => ({ ip: `10.244.1.${i}`, hostname: `pod-${i}` })),
      [port(80, 'http')],
    ),
  ],
  pods: [],
}

const zone = () => new Zone(OBJECTS, { ...kubeadmOptions(), transferTo: ['*'], servers: ['192.0.2.53'] }, 9)

// biome-ignore format: one case, one row
const CASES: [name: string, type: keyof typeof TYPES, edns: boolean, status: string, answers: string[] | number][] = [
  ['web.a.svc.cluster.local',             'A',     true,  'NOERROR',  ['A 10.96.0.1']],
  ['web.a.svc.cluster.local',             'A',     false, 'NOERROR',  ['A 10.96.0.1']],
  ['WEB.a.svc.cluster.local',             'A',     true,  'NOERROR',  ['A 10.96.0.1']],
  ['web.a.svc.cluster.local',             'AAAA',  true,  'NOERROR',  ['AAAA fd00::1']],
  ['_http._tcp.web.a.svc.cluster.local',  'SRV',   true,  'NOERROR',  ['SRV 0 50 80 web.a.svc.cluster.local.']],
  ['1.0.96.10.in-addr.arpa',              'PTR',   true,  'NOERROR',  ['PTR web.a.svc.cluster.local.']],
  ['ext.a.svc.cluster.local',             'CNAME', true,  'NOERROR',  ['CNAME www.example.com.']],
  ['dns-version.cluster.local',           'TXT',   true,  'NOERROR',  ['TXT "1.1.0"']],
  ['cluster.local',                       'SOA',   true,  'NOERROR',  ['SOA ns.dns.cluster.local. hostmaster.cluster.local. 9 7200 1800 86400 30']],
  ['cluster.local',                       'NS',    true,  'NOERROR',  ['NS ns.dns.cluster.local.']],
  ['web.a.svc.cluster.local',             'MX',    true,  'NOERROR',  []],
  ['no.a.svc.cluster.local',              'A',     true,  'NXDOMAIN', []],
  ['no.a.svc.cluster.local',              'A',     false, 'NXDOMAIN', []],
  ['example.com',                         'A',     true,  'SERVFAIL', []],
  ['many.a.svc.cluster.local',            'A',     false, 'NOERROR',  60],
  ['many.a.svc.cluster.local',            'A',     true,  'NOERROR',  60],
  ['_http._tcp.many.a.svc.cluster.local', 'SRV',   false, 'NOERROR',  60],
]

/** Of each answer: its code, and records without owners and times to live. */
function read(text: string): readonly { readonly status: string; readonly answers: readonly string[] }[] {
  return text
    .split(/(?=^;; ->>HEADER<<-)/m)
    .filter(part => part.startsWith(';; ->>HEADER'))
    .map(part => {
      const status = /(?:status|rcode): (\w+)/.exec(part)?.[1] ?? ''
      const [, section = ''] = /^;; ANSWER SECTION:\n((?:[^;\n].*\n)*)/m.exec(part) ?? []
      const answers = section.split('\n').filter(line => line !== '')
      return { status, answers: answers.map(line => line.split(/\s+/).slice(3).join(' ')).sort() }
    })
}

for (const tool of TOOLS) {
  const isThere = spawnSync(tool.name, ['-v']).error === undefined
  const isRequired = env['PODWIRE_KERNEL'] === 'required'
  const skip = isThere || isRequired ? false : `${tool.name} (package ${tool.package}) is not installed`
  const run = async (args: readonly string[]) => {
    const done = promisify(execFile)(tool.name, args, { encoding: 'utf8' })
    // Some tools end with a failure where the answer is one.
    return done.then(({ stdout }) => stdout).catch((cause: { readonly stdout: string }) => cause.stdout)
  }

  t.test(`${tool.name} understands every type`, { skip }, async t => {
    const { at } = await serve(t, zone())
    const questions = CASES.map(([name, type, edns]) => ({ name, type, edns }))
    const texts = await Promise.all(tool.asks(at.port, questions).map(run))
    const said = texts.flatMap(read)
    t.equal(said.length, CASES.length)
    for (const [i, [name, type, edns, status, answers]] of CASES.entries()) {
      const how = `${name} ${type}${edns ? ' with EDNS' : ''}`
      t.equal(said[i]?.status, status, how)
      if (typeof answers === 'number') t.equal(said[i]?.answers.length, answers, how)
      else t.strictSame(said[i]?.answers, answers, how)
    }
  })

  t.test(`${tool.name} takes the zone`, { skip }, async t => {
    const { at } = await serve(t, zone())
    const [args = []] = tool.asks(at.port, [{ name: 'cluster.local', type: 'AXFR', edns: false }])
    const lines = (await run(args)).split('\n').filter(line => /^[^;].*\sIN\s/.test(line))
    const types = lines.map(line => line.split(/\s+/)[3])
    t.equal(types[0], 'SOA')
    t.equal(types.at(-1), 'SOA')
    for (const type of ['A', 'AAAA', 'SRV', 'CNAME']) t.ok(types.includes(type), type)
  })
}
