import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { InputError } from '../../src/base/error.ts'
import type { Family } from '../../src/base/ip.ts'
import { type Document, flagsOf, formatDocument, formatStatement } from '../../src/netfilter/document.ts'
import { parseRules } from '../../src/netfilter/document-reader.ts'
import { formatSave } from '../../src/netfilter/format.ts'
import { rulesetOf } from '../../src/netfilter/ruleset.ts'

const FIXTURES = 'test/fixtures'
const SHARED = '../shared'

/** Files below a folder, as paths, in order. */
function filesBelow(folder: string, wanted: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => wanted.test(file))
    .map(file => join(folder, file))
    .sort()
}

const familyOf = (file: string): Family => (/ip6tables/.test(file) ? 6 : 4)

/** Lines that the writer alone would write in another way. */
const spelled = (document: Document) => document.lines.filter(line => line.spelling !== undefined)

function readFile(file: string): { text: string; document: Document } {
  const text = readFileSync(file, 'utf8')
  return { text, document: parseRules(text, familyOf(file)) }
}

const oracles: [name: string, folder: string][] = [
  ['kube-proxy made', join(SHARED, 'oracle/kube-proxy')],
  ['flannel made', join(SHARED, 'oracle/flannel')],
  ['of kube-proxy among the fixtures', join(FIXTURES, 'kube-proxy')],
  ['of flannel among the fixtures', join(FIXTURES, 'flannel')],
]

for (const [name, folder] of oracles) {
  const skip = existsSync(folder) ? false : `${folder} is not there`
  t.test(`every iptables-save text ${name} is what the writer writes`, { skip }, async t => {
    const files = filesBelow(folder, /ip6?tables-save\.txt$/)
    t.not(files.length, 0)
    for (const file of files) {
      const { text, document } = readFile(file)
      if (formatDocument(document) !== text) t.fail(`${file} is written back otherwise`)
      if (spelled(document).length > 0) t.fail(`${file} has lines with a spelling of their own`)
      if (flagsOf(document).length > 0) t.fail(`${file} has unknown parts`)
      const byTable = (all: string) =>
        all
          .split(/^(?=\*)/m)
          .sort()
          .join('')
      const again = formatSave(rulesetOf(document))
      if (byTable(again) !== byTable(text)) t.fail(`${file} is another ruleset when written whole`)
    }
  })
}

/**
 * Dumps of hosts, oldest tools first: how many lines the writer alone would write otherwise, why,
 * and how many have parts that podwire does not know.
 */
// biome-ignore format: a table
const dumps: [file: string, lines: number, spelled: number, flagged: number, why: string][] = [
  ['docker-topos.save',      54,    0,    0, ''],
  ['factory.by-kernel.save', 28,    0,    0, ''],
  ['factory.save',           26,   20,    0, 'written by hand: hosts without /32, options in another order, -I'],
  ['gopherproxy.save',      271,    0,    0, ''],
  ['medium-company.save',   640,    0,    0, ''],
  ['synology.save',          32,    0,    0, ''],
  ['tum-net-2015.save',    4949,    7, 1641, 'iptables 1.4.14 printed no --mask of recent; its MACs were made unreadable'],
  ['ugent.save',            247,  209,    0, 'written by hand: hosts without /32, "-d ! NETWORK"'],
]

t.test('dumps of hosts are written back byte for byte', async t => {
  const folder = join(SHARED, 'dumps')
  if (!existsSync(folder)) return t.plan(0, `${folder} is not there`)
  const known = new Map(dumps.map(([file, ...counts]) => [file, counts]))
  for (const file of filesBelow(folder, /\.save$/)) {
    const { text, document } = readFile(file)
    t.equal(formatDocument(document), text, file)
    t.not(rulesetOf(document).tables.size, 0)
    const [lines, own, flagged, why] = known.get(file.slice(folder.length + 1)) ?? []
    if (lines === undefined) continue
    t.equal(document.lines.length, lines)
    t.equal(spelled(document).length, own, why || 'no line needs a spelling of its own')
    t.equal(flagsOf(document).length, flagged)
  }
})

t.test('a document keeps everything', async t => {
  const { text, document } = readFile(join(FIXTURES, 'netfilter/router.save'))
  t.equal(formatDocument(document), text)
  t.strictSame(
    spelled(document).map(line => [line.spelling, formatStatement(line, 4)]),
    [
      [
        '-A PREROUTING -i eth1 -p udp -m udp --sport 53 -j CT --notrack',
        '-A PREROUTING -i eth1 -p udp -m udp --sport 53 -j NOTRACK',
      ],
      [
        '-A POSTROUTING -s 192.168.1.0/24 -d ! 192.168.1.0/24 -j MASQUERADE',
        '-A POSTROUTING -s 192.168.1.0/24 ! -d 192.168.1.0/24 -j MASQUERADE',
      ],
      [
        '-I INPUT 1 -p tcp --dport ssh -m recent --name ssh --update --seconds 60 --hitcount 4 -j DROP',
        '-I INPUT -p tcp -m tcp --dport 22 -m recent --update --seconds 60 --hitcount 4 --name ssh --mask 255.255.255.255 --rsource -j DROP',
      ],
      ['-A INPUT -s 10.0.0.1,10.0.0.2 -p tcp --dport 22 -j ACCEPT', ''],
      [
        '-A GUARD -m limit --limit 5/min -j LOG --log-prefix "guard: " --log-level debug',
        '-A GUARD -m limit --limit 5/min -j LOG --log-prefix "guard: " --log-level 7',
      ],
    ],
    'these lines are not as iptables-save would print them',
  )
  t.strictSame(flagsOf(document), [
    { line: 26, chain: 'INPUT', part: 'match', module: 'geoip', text: '--source-country A1' },
    {
      line: 29,
      chain: 'GUARD',
      part: 'match',
      module: 'time',
      text: '--weekdays Sat,Sun --fullmoon',
      why: 'Cannot tell what "--fullmoon" is',
    },
    { line: 29, chain: 'GUARD', part: 'target', module: 'TARPIT', text: '' },
  ])
})

// biome-ignore format: one case, one row
const refused: [body: string, message: string][] = [
  ['-A INPUT -j ACCEPT',                           'line 1: Cannot parse rules "-A INPUT -j ACCEPT": no table has begun'],
  ['*fliter\nCOMMIT',                              'line 1: Cannot parse table "fliter": not one of raw, mangle, nat, filter, security'],
  ['*filter\n*nat\nCOMMIT',                        'line 2: Cannot parse rules "*nat": COMMIT of table filter is missing'],
  ['*filter\n-A INPUT -j ACCEPT',                  'line 3: Cannot parse rules "*filter": its COMMIT is missing'],
  ['*filter\n:INPUT\nCOMMIT',                      'line 2: Cannot parse chain ":INPUT": not :NAME POLICY [PACKETS:BYTES]'],
  ['*filter\n:INPUT DENY [0:0]\nCOMMIT',           'line 2: Cannot parse policy "DENY": neither ACCEPT nor DROP'],
  ['*filter\n-A INPUT -s 10.0.0.300\nCOMMIT',      'line 2: Cannot parse IPv4 address "10.0.0.300": octet "300" is not 0 to 255'],
  ['*filter\n-A INPUT -s fd00::1\nCOMMIT',         'line 2: Cannot parse IP address "fd00::1": not an IPv4 address'],
  ['*filter\n-A INPUT -s 10.0.0.0/255.0.255.0\nCOMMIT', 'line 2: Cannot parse network mask "255.0.255.0": its ones are not all in front'],
  ['*filter\n-A INPUT -p 300\nCOMMIT',             'line 2: Cannot parse protocol "300": not a known name nor 0 to 255'],
  ['*filter\n-A INPUT -j\nCOMMIT',                 'line 2: Cannot parse rule "-A INPUT -j": it ends where a value is expected'],
  ['*filter\n-A INPUT --dport 80\nCOMMIT',         'line 2: Cannot parse rule "-A INPUT --dport 80": nothing knows what "--dport" is'],
  ['*filter\n-A INPUT -m comment --comment "a\nCOMMIT', 'line 2: Cannot parse words "-A INPUT -m comment --comment \\"a": a quote stays open'],
  ['*filter\n-A A-NAME-THAT-IS-LONGER-THAN-THE-KERNEL-TAKES\nCOMMIT', 'line 2: Cannot parse chain "A-NAME-THAT-IS-LONGER-THAN-THE-KERNEL-TAKES": not a name of 1 to 28 characters'],
  ['*filter\n-Q INPUT\nCOMMIT',                    'line 2: Cannot parse rules "-Q INPUT": neither a rule nor a command'],
  ['*filter\n-R INPUT -j DROP\nCOMMIT',            'line 2: Cannot parse rules "-R INPUT -j DROP": it does not say which rule to replace'],
]

t.test('parseRules() refuses what iptables-restore would refuse, and says in which line', async t => {
  for (const [body, message] of refused)
    t.throws(() => parseRules(`${body}\n`, 4), { constructor: InputError, message }, body)
})
