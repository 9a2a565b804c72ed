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

/** Lines as ipvsadm 1.31 prints them. */
const LISTED = [
  '-A -t 10.96.0.1:443 -s rr',
  '-a -t 10.96.0.1:443 -r 192.168.64.11:6443 -m -w 1',
  '-a -t 10.96.0.1:443 -r 192.168.64.12:6443 -m -w 0',
  '-A -t 10.96.0.2:80 -s rr -p 10800',
  '-A -t 10.96.0.3:0 -s wlc -p 360 -M 255.255.255.0',
  '-A -t 10.96.0.4:80 -s mh -b mh-port',
  '-A -t 10.96.0.5:80 -s sh -p 300 -b sh-fallback,sh-port',
  '-A -t 10.96.0.6:80 -s lblc -b flag-2',
  '-a -t 10.96.0.6:80 -r 10.0.0.1:80 -g -w 1',
  '-a -t 10.96.0.6:80 -r 10.0.0.2:80 -i -w 100 --tun-type ipip',
  '-a -t 10.96.0.6:80 -r 10.0.0.3:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum',
  '-a -t 10.96.0.6:80 -r 10.0.0.4:80 -i -w 1 --tun-type gre --tun-nocsum',
  '-a -t 10.96.0.6:80 -r [2001:db8::1]:80 -i -w 65535 --tun-type ipip',
  '-A -u 10.96.0.1:53 -s rr -o',
  '-a -u 10.96.0.1:53 -r 10.244.1.2:53 -m -w 1',
  '-A -u 10.96.0.2:5060 -s rr -p 60 --pe sip',
  '-A --sctp-service 10.96.0.1:80 -s lc',
  '-a --sctp-service 10.96.0.1:80 -r 10.244.1.2:8080 -m -w 1',
  '-A -t [fd00:96::1]:443 -s rr -p 10800 -M 64',
  '-a -t [fd00:96::1]:443 -r [fd00:64::11]:6443 -m -w 1',
  '-A -f 7 -s rr',
  '-a -f 7 -r 10.0.0.1:0 -g -w 1',
  '-A -f 4294967295 -6 -s wlc -p 360',
  '-a -f 4294967295 -6 -r [fd00::1]:8080 -m -w 1',
]
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

/** What people write, and what ipvsadm then holds. */
// biome-ignore format: one case, one row
const WRITTEN: readonly (readonly [what: string, written: string, held: string])[] = [
  ['long names',                   '--add-service --tcp-service 10.0.0.1:80 --scheduler rr', '-A -t 10.0.0.1:80 -s rr'],
  ['its own name in front',        'ipvsadm -A -t 10.0.0.1:80 -s rr', '-A -t 10.0.0.1:80 -s rr'],
  ['no scheduler: wlc',            '-A -t 10.0.0.1:80', '-A -t 10.0.0.1:80 -s wlc'],
  ['no timeout: six minutes',      '-A -t 10.0.0.1:80 -p -s rr', '-A -t 10.0.0.1:80 -s rr -p 360'],
  ['no port: all of them',         '-A -t 10.0.0.1 -p 9', '-A -t 10.0.0.1:0 -s wlc -p 9'],
  ['a mask that leaves all',       '-A -t 10.0.0.1:1 -p 9 -M 255.255.255.255', '-A -t 10.0.0.1:1 -s wlc -p 9'],
  ['a mask of no persistence',     '-A -t 10.0.0.1:1 -M 255.0.0.0', '-A -t 10.0.0.1:1 -s wlc'],
  ['IPv6 that leaves all',         '-A -t [fd00::1]:1 -p 9 -M 128', '-A -t [fd00::1]:1 -s wlc -p 9'],
  ['flags in another order',       '-A -t 10.0.0.1:1 -s sh -b sh-port,sh-fallback', '-A -t 10.0.0.1:1 -s sh -b sh-fallback,sh-port'],
  ['flags by number',              '-A -t 10.0.0.1:1 -s mh -b flag-2,flag-1', '-A -t 10.0.0.1:1 -s mh -b mh-fallback,mh-port'],
  ['no forwarding: routed',        '-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2', '-A -t 10.0.0.1:1 -s wlc\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -g -w 1'],
  ['a route changes no port',      '-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:5', '-A -t 10.0.0.1:1 -s wlc\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -g -w 1'],
  ['no port: the virtual one',     '-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2 -m', '-A -t 10.0.0.1:1 -s wlc\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m -w 1'],
  ['thresholds are not printed',   '-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m -x 9 -y 3', '-A -t 10.0.0.1:1 -s wlc\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m -w 1'],
  ['a tunnel: in IP',              '-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r [fd00::1]:1 -i --tun-type gre', '-A -t 10.0.0.1:1 -s wlc\n-a -t 10.0.0.1:1 -r [fd00::1]:1 -i -w 1 --tun-type gre --tun-nocsum'],
  ['options of another version',   '-A -t 10.0.0.1:1 -s rr --new thing', '-A -t 10.0.0.1:1 -s rr --new thing'],
  ['the same of a real server',    '-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m --new', '-A -t 10.0.0.1:1 -s wlc\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m -w 1 --new'],
  ['blank lines and blanks',       '\n \t\n-A  -t\t10.0.0.1:1 \r\n', '-A -t 10.0.0.1:1 -s wlc'],
]
for (const [what, written, held] of WRITTEN) {
  t.test(`${what}`, async t => t.equal(formatIpvsSave(parseIpvs(written)), `${held}\n`))
}

// biome-ignore format: one case, one row
const REFUSED: readonly (readonly [text: string, why: RegExp])[] = [
  ['-C', /^line 1: .*neither -A nor -a/],
  ['-A', /not one of -t, -u/],
  ['-A -t 10.0.0.1:1 -u 10.0.0.1:1', /not one of -t, -u/],
  ['-A -t 10.0.0.1:1 -t 10.0.0.1:1', /stands twice/],
  ['-A -t', /its value is missing/],
  ['-A -t 10.0.0:1', /IPv4 address/],
  ['-A -t 10.0.0.1:http', /port "http"/],
  ['-A -t 10.0.0.1:65536', /0 to 65535/],
  ['-A -t [10.0.0.1]:1', /only IPv6/],
  ['-A -t [fd00::1]', /not "\[ADDRESS\]:PORT"/],
  ['-A -t 10.0.0.1:0', /only for persistent/],
  ['-A -t 10.0.0.1:1 -o', /only for UDP/],
  ['-A -t 10.0.0.1:1 -p 0', /1 to 2678400/],
  ['-A -t [fd00::1]:1 -p 9 -M 0', /1 to 128/],
  ['-A -t 10.0.0.1:1 -p 9 -M 24', /IPv4 address/],
  ['-A -f 0', /1 to 4294967295/],
  ['-A -t 10.0.0.1:1 -s rr -b sh-port', /not one of rr/],
  ['-A -t 10.0.0.1:1 -b port', /not one of sh-fallback/],
  ['-A -t 10.0.0.1:1\n-A -t 10.0.0.1:1', /^line 2: .*added before/],
  ['-a -t 10.0.0.1:1 -r 10.0.0.2:1', /none was added before/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1', /address is missing/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m -g', /more than one/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r [fd00::1]:1 -m', /another family/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m -w 65536', /0 to 65535/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m --tun-type ipip', /not tunnelled/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -i --tun-type gue', /port is missing/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -i --tun-type gre --tun-port 9', /has no port/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -i --tun-type gre --tun-remcsum', /no such tunnel/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -i --tun-csum', /no such tunnel/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -i --tun-csum --tun-nocsum', /more than one way/],
]
for (const [text, why] of REFUSED) {
  t.test(`refused: ${text.replaceAll('\n', ' | ')}`, async t => t.throws(() => parseIpvs(text), { message: why }))
}

t.test('to be loaded twice, a file empties the table first', async t => {
  const servers = parseIpvs(LISTED.slice(0, 2).join('\n'))
  t.equal(
    formatIpvsRestore(servers, { timeouts: { tcp: 900, tcpFin: 120, udp: 0 } }),
    '-C\n--set 900 120 0\n-A -t 10.96.0.1:443 -s rr\n-a -t 10.96.0.1:443 -r 192.168.64.11:6443 -m -w 1\n',
  )
})

t.test('in a table that is shared, servers are added and set', async t => {
  const text = formatIpvsRestore(parseIpvs(LISTED.slice(0, 2).join('\n')), { shared: true })
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
