import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { RefusedInput } from '../../src/cli/exit.ts'
import { readStateFolder } from '../../src/cli/state-folder.ts'
import { parseRules } from '../../src/netfilter/document-reader.ts'
import { rulesetOf } from '../../src/netfilter/ruleset.ts'
import { accountOf } from '../host/account.ts'
import { podwire } from './capture.ts'

const EVERYTHING = 'test/fixtures/host/everything'
const DUMPS = '../shared/dumps'
const ORACLE = '../shared/oracle/kube-proxy'
const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -j DROP\nCOMMIT\n'

/** A folder of its own with these files, taken away after the test. */
function folderOf(t: Test, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-state-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** What the person is told when nothing can be read. */
async function refusal(path: string): Promise<string> {
  try {
    await readStateFolder(path)
  } catch (error) {
    if (error instanceof RefusedInput) return error.findings.join('\n')
    throw error
  }
  return 'it was read'
}

t.test('a folder of hosts gives each by its name', async t => {
  const folder = folderOf(t, {
    'node-2/iptables.save': RULES,
    'node-1/iptables.save': RULES,
    '.git/config': '',
    'a.txt': '',
  })
  mkdirSync(join(folder, 'notes'))
  const hosts = await readStateFolder(folder)
  t.same(
    hosts.map(({ name, network }) => [name, accountOf(network).find(line => line.endsWith('/15 eth0'))]),
    [
      ['node-1', 'address 198.18.0.2/15 eth0'],
      ['node-2', 'address 198.18.0.3/15 eth0'],
    ],
  )
})

t.test('the folder of one host', async t => {
  const home = folderOf(t, {})
  cpSync(EVERYTHING, join(home, 'node-7'), { recursive: true })
  const [host, ...more] = await readStateFolder(join(home, 'node-7'))
  t.same(more, [])
  t.equal(host?.name, 'node-7')
  t.equal(host?.networkKnown, true)
  const said = readFileSync(join(EVERYTHING, 'account.txt'), 'utf8').split('\n')
  t.same(
    host && accountOf(host.network),
    said.filter(line => line !== '' && !line.startsWith('SKIPPED ')),
    'its network',
  )
  t.equal(host?.rules[4].tables.get('nat')?.chains.get('POSTROUTING')?.rules.length, 1, 'its rules')
  t.same(
    host?.sets.map(({ name, entries }) => [name, entries.length]),
    [['web', 1]],
    'its sets',
  )
  const skipped = said.flatMap(line => (line.startsWith('SKIPPED ') ? [line.slice('SKIPPED '.length)] : []))
  t.same(host?.notes, ['no ip6tables.save: no IPv6 rules', ...skipped], 'and what is not there')
})

t.test('of rules alone the rest is assumed, and said', async t => {
  const file = join(folderOf(t, { 'edge.save': RULES }), 'edge.save')
  const [host] = await readStateFolder(file)
  t.equal(host?.name, 'edge')
  t.equal(host?.networkKnown, false)
  t.equal(host?.rules[4].tables.get('filter')?.chains.get('FORWARD')?.policy, 'drop')
  t.same(host && accountOf(host.network), [
    'link eth0 uplink mtu 1500',
    'link lo loopback mtu 65536',
    'address 127.0.0.1/8 lo host',
    'address 198.18.0.2/15 eth0',
    'address 2001:db8::2/64 eth0',
    'address ::1/128 lo host',
    'route 0.0.0.0/0 via 198.18.0.1 dev eth0',
    'route ::/0 via 2001:db8::1 dev eth0',
    'sysctl net.bridge.bridge-nf-call-ip6tables = 1',
    'sysctl net.bridge.bridge-nf-call-iptables = 1',
    'sysctl net.ipv4.ip_forward = 1',
    'sysctl net.ipv6.conf.all.forwarding = 1',
  ])
  t.same(host?.notes, [
    'no ip6tables.save: no IPv6 rules',
    'no ip-link.json: assumed are lo, and eth0 with an address of 198.18.0.0/15 and a router',
    'no sysctl.txt that tells all settings: assumed to be 1 are net.ipv4.ip_forward, net.ipv6.conf.all.forwarding, net.bridge.bridge-nf-call-iptables, net.bridge.bridge-nf-call-ip6tables',
  ])
})

t.test('a file is known by its name', async t => {
  const six = RULES.replace('-j DROP', '-s fd00::/64 -j DROP')
  const rows = [
    ['iptables-save.txt', RULES, 4],
    ['iptables-save', RULES, 4],
    ['whatever.save', RULES, 4],
    ['ip6tables.save', six, 6],
    ['ip6tables-save.txt', six, 6],
    ['ip6-2024.save', six, 6],
  ] as const
  for (const [name, text, family] of rows) {
    const folder = folderOf(t, { [name]: text })
    for (const path of [folder, join(folder, name)]) {
      const [host] = await readStateFolder(path)
      t.equal(
        host?.rules[family].tables.get('filter')?.chains.get('INPUT')?.rules.length,
        1,
        `${path} holds rules of IPv${family}`,
      )
    }
  }
})

t.test('notes tell', async t => {
  const ip = '[{"ifname":"lo","mtu":65536,"link_type":"loopback"}]'
  const nft = {
    nftables: [
      { metainfo: {} },
      { table: { family: 'ip', name: 'nat' } },
      { table: { family: 'inet', name: 'kube-proxy' } },
      7,
    ],
  }
  const all = { 'ip-link.json': ip, 'iptables.save': RULES, 'ip6tables.save': '' }
  // biome-ignore format: one case, one row
  const rows = [
    ['IPVS', { 'ipvsadm.save': '-A -t 10.96.0.1:80 -s rr\n' }, /ipvsadm\.save: IPVS is not traced yet$/],
    ['nftables', { 'nft.json': JSON.stringify(nft) }, /nft\.json: nftables is not traced yet \(inet kube-proxy\)$/],
    ['a second iptables', { 'iptables-legacy.save': RULES }, /iptables-legacy\.save: rules of a second iptables are there too, and are not traced$/],
    ['rules of a file that is empty', { 'iptables.save': '\n' }, /^iptables\.save is empty: the host has no such rules, or saving them failed$/],
    ['sets that are missing', { 'iptables.save': RULES.replace('-j DROP', '-m set --match-set web dst -j DROP') }, /^no ipset\.save: the sets that rules name are empty$/],
    ['what could not be collected', { 'missing.txt': 'ipset.save: there is no ipset\n' }, /^not collected: ipset\.save: there is no ipset$/],
    ['what cannot be expressed', { 'ip-route.json': '[{"dst":"10.0.0.0/8","tos":"0x10","dev":"lo"}]' }, /^route 10\.0\.0\.0\/8 is for one TOS only$/],
  ] as const
  for (const [what, files, note] of rows) {
    const [host] = await readStateFolder(folderOf(t, { ...all, ...files }))
    t.ok(
      host?.notes.some(one => note.test(one)),
      `${what}: ${note.source}`,
    )
  }
  const [host] = await readStateFolder(folderOf(t, { ...all, 'ipvsadm.save': '', 'nft.json': '{"nftables":[]}' }))
  t.notOk(
    host?.notes.some(one => one.includes('traced')),
    'nothing of tools that hold nothing',
  )
  const routes = Array.from({ length: 50 }, (_, i) => ({ dst: `10.0.${i}.0/24`, tos: '0x10' }))
  const [many] = await readStateFolder(folderOf(t, { ...all, 'ip-route.json': JSON.stringify(routes) }))
  t.equal(many?.notes.at(-1), 'and 30 more such', 'the first of many')
})

t.test('settings that were all collected stand for themselves', async t => {
  const files = { 'iptables.save': RULES, 'ip6tables.save': '', 'sysctl.txt': 'net.ipv4.ip_forward = 0\n' }
  const [host] = await readStateFolder(folderOf(t, files))
  t.same(host?.network.sysctls, [{ key: 'net.ipv4.ip_forward', value: '0' }], 'nothing is assumed of bridges either')
})

t.test('what cannot be read is refused with file and line', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    ['rules', { 'iptables.save': '*filter\n-A INPUT -s x\nCOMMIT\n' }, /iptables\.save: line 2: Cannot parse .* "x"/],
    ['sets', { 'iptables.save': '', 'ipset.save': 'create a hash:ip\nadd b 1.2.3.4\n' }, /ipset\.save: line 2: Cannot parse ipset "b": no set of that name/],
    ['settings', { 'iptables.save': '', 'sysctl.txt': 'a = 1\nb\n' }, /sysctl\.txt: line 2: /],
    ['an entry', { 'ip-link.json': '[{},{"ifname":7}]' }, /ip-link\.json: ip link 1: Cannot parse field ifname "7": not a text$/],
    ['broken JSON', { 'ip-link.json': '[\n{"ifname": }]' }, /ip-link\.json: Cannot parse JSON ".*": line 2: /],
    ['two values', { 'ip-link.json': '[] []' }, /ip-link\.json: Cannot parse JSON ".*": more than one value$/],
    ['text for people', { 'ip-link.json': '1: lo: <LOOPBACK>' }, /ip-link\.json: .* not JSON; versions of iproute2 before 4\.17 know no option -j$/],
    ['what is yet to be loaded', { 'node-1/iptables.restore': '' }, /no host is there; .*node-1 holds what is to be loaded; write what is then there with podwire render --form save$/],
    ['nothing', {}, /no host is there; it should hold a folder for each host/],
    ['several files of rules', { 'a.save': RULES, 'b.save': RULES }, /no host is there/],
  ] as const
  for (const [what, files, message] of rows) t.match(await refusal(folderOf(t, files)), message, what)
  t.match(await refusal('/nowhere'), '/nowhere: the path does not exist')
  t.match(await refusal('/dev/zero'), '/dev/zero: not a file')
  const folder = folderOf(t, { 'iptables.save': RULES })
  truncateSync(join(folder, 'iptables.save'), 600 * 1024 * 1024)
  t.match(await refusal(folder), /iptables\.save: 629145600 bytes, more than /, 'a file that no machine writes')
})

t.test('a tool that has nothing to tell may print nothing', async t => {
  const [host] = await readStateFolder(folderOf(t, { 'ip-link.json': '', 'ip-rule.json': '\n', 'iptables.save': '' }))
  t.same(host?.network.links, [])
})

for (const scenario of readdirSync('scenarios')) {
  t.test(`what is rendered of scenario ${scenario} reads as what a look would show`, async t => {
    const out = join(folderOf(t, {}), 'out')
    const run = await podwire([
      'render',
      '-f',
      join('scenarios', scenario, 'manifests'),
      '--form',
      'save',
      '--out',
      out,
    ])
    t.equal(run.code, 0, run.err)
    for (const host of await readStateFolder(out)) {
      t.same(host.notes, [], `nothing is left open of ${host.name}`)
      t.same(host.rules[4], rulesetOf(parseRules(readFileSync(join(out, host.name, 'iptables.save'), 'utf8'), 4)))
    }
  })
}

t.test('real dumps', { skip: existsSync(DUMPS) ? false : `${DUMPS} is not there` }, async t => {
  for (const name of readdirSync(DUMPS).filter(name => name.endsWith('.save'))) {
    const [host] = await readStateFolder(join(DUMPS, name))
    t.ok(host && host.rules[4].tables.size + host.rules[6].tables.size > 0, name)
  }
})

t.test("hosts of real kube-proxy's rules", { skip: existsSync(ORACLE) ? false : `${ORACLE} is not there` }, async t => {
  for (const name of readdirSync(ORACLE)) {
    const folder = join(ORACLE, name, 'iptables')
    if (!existsSync(folder)) continue
    const [host] = await readStateFolder(folder)
    t.ok(host?.rules[4].tables.has('nat'), name)
  }
})

t.test('mutated files are read or refused, nothing else', async t => {
  const names = readdirSync(EVERYTHING).filter(name => name !== 'account.txt' && name !== 'ip-route-of-both.json')
  const folder = folderOf(t, {})
  cpSync(EVERYTHING, folder, { recursive: true })
  const edit = fc.record({
    at: fc.nat(20_000),
    remove: fc.nat(40),
    add: fc.oneof(fc.string(), fc.constantFrom('\0', '"', '[', '{', ']', '\n', '-A ', '! ', '999999999999', '\ud800')),
  })
  let refused = 0
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), fc.array(edit, { minLength: 1, maxLength: 3 }), async (name, edits) => {
      const whole = readFileSync(join(EVERYTHING, name), 'utf8')
      let text = whole
      for (const { at, remove, add } of edits) {
        const from = at % (text.length + 1)
        text = text.slice(0, from) + add + text.slice(from + remove)
      }
      writeFileSync(join(folder, name), text)
      const said = await refusal(folder)
      writeFileSync(join(folder, name), whole)
      if (said === 'it was read') return
      refused++
      if (!said.includes(name)) throw new Error(`the message does not name ${name}: ${said}`)
    }),
    { numRuns: 300 },
  )
  t.ok(refused > 25, 'some of them are refused')
})
