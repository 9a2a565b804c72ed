/** What ipvsadm prints is read, and written back as it was. */
import { deepEqual, equal } from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { parseIp } from '../../../src/base/ip.ts'
import { parseIpvs } from '../../../src/netfilter/ipvs/ipvsadm-reader.ts'
import { formatIpvsRestore, formatIpvsSave } from '../../../src/netfilter/ipvs/ipvsadm-text.ts'
import { canonIpvsadm } from '../../canon.ts'
import { anyServers } from './arbitrary.ts'
import { LISTED, REFUSED, WRITTEN } from './texts.ts'

const listing = `${LISTED.join('\n')}\n`

t.test('every kind of server is read and printed again', async t => {
  t.equal(formatIpvsSave(parseIpvs(listing)), listing)
})

t.test('what is read is a value', async t => {
  const [server, ...more] = parseIpvs(
    '-A -t 10.96.0.1:443 -s rr -p 60\n-a -t 10.96.0.1:443 -r 10.244.1.2:6443 -m -w 1\n',
  )
  t.strictSame(more, [])
  t.strictSame(server, {
    at: { by: 'address', protocol: 6, ip: parseIp('10.96.0.1'), port: 443 },
    scheduler: 'rr',
    persistence: { timeout: 60 },
    reals: [{ ip: parseIp('10.244.1.2'), port: 6443, forwarding: 'masquerade', weight: 1 }],
  })
})

for (const [what, written, held] of WRITTEN) {
  t.test(`${what}`, async t => t.equal(formatIpvsSave(parseIpvs(written)), `${held}\n`))
}

for (const [text, why] of REFUSED) {
  t.test(`refused: ${text.replaceAll('\n', ' | ')}`, async t => t.throws(() => parseIpvs(text), { message: why }))
}

t.test('to be loaded twice, a file empties the table first', async t => {
  const servers = parseIpvs(LISTED.slice(2, 4).join('\n'))
  t.equal(
    formatIpvsRestore(servers, { timeouts: { tcp: 900, tcpFin: 120, udp: 0 } }),
    '-C\n--set 900 120 0\n-A -t 10.96.0.1:443 -s rr\n-a -t 10.96.0.1:443 -r 192.168.64.11:6443 -m -w 1\n',
  )
})

t.test('in a table that is shared, servers are added and set', async t => {
  const text = formatIpvsRestore(parseIpvs(LISTED.slice(2, 4).join('\n')), { shared: true })
  t.equal(
    text,
    [
      '-A -t 10.96.0.1:443 -s rr',
      '-E -t 10.96.0.1:443 -s rr',
      '-a -t 10.96.0.1:443 -r 192.168.64.11:6443 -m -w 1',
      '-e -t 10.96.0.1:443 -r 192.168.64.11:6443 -m -w 1',
      '',
    ].join('\n'),
  )
})

t.test('any servers are written and read again', async () => {
  fc.assert(
    fc.property(anyServers, servers => {
      deepEqual(parseIpvs(formatIpvsRestore(servers).replace('-C\n', '')), servers)
      const saved = formatIpvsSave(servers)
      equal(formatIpvsSave(parseIpvs(saved)), saved)
    }),
    { numRuns: 300 },
  )
})

t.test('whatever stands in a file, it is read or refused with its line', async t => {
  const words = fc.constantFrom(
    ...new Set(LISTED.flatMap(line => line.split(' '))),
    '--new',
    '-M',
    '-x',
    '#',
    '"',
    '[',
    ']:',
  )
  const mutated = fc
    .tuple(fc.constantFrom(...LISTED), fc.nat(), fc.oneof(words, fc.string()))
    .map(([line, at, word]) => {
      const own = line.split(' ')
      own.splice(at % (own.length + 1), at % 3, word)
      return own.join(' ')
    })
  let read = 0
  fc.assert(
    fc.property(fc.array(fc.oneof(mutated, fc.constantFrom(...LISTED), fc.string())), lines => {
      try {
        const saved = formatIpvsSave(parseIpvs(lines.join('\n')))
        equal(formatIpvsSave(parseIpvs(saved)), saved)
        read++
      } catch (error) {
        if (!(error instanceof Error) || !/^line \d+: /.test(error.message)) throw error
      }
    }),
    { numRuns: 2000 },
  )
  t.ok(read > 100, 'many were read')
})

const ALL = '../shared/oracle/kube-proxy'
const COPIED = 'test/fixtures/kube-proxy'
for (const folder of [COPIED, ALL]) {
  t.test(`listings in ${folder}`, { skip: existsSync(folder) ? false : `${folder} is not there` }, async t => {
    for (const name of readdirSync(folder)) {
      const file = `${folder}/${name}/ipvs/ipvsadm.txt`
      // Without Services there is none.
      const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
      t.strictSame(canonIpvsadm(formatIpvsSave(parseIpvs(text))), canonIpvsadm(text), name)
    }
  })
}
