/** resolv.conf, read as kubelet reads a node's and written as runtimes write a pod's. */
import fc from 'fast-check'
import t from 'tap'
import { formatResolvConf, readResolvConf } from '../../src/kubelet/resolv-conf.ts'

const told = (text: string) => {
  const { conf, remarks } = readResolvConf(text)
  const { nameservers, searches, options } = conf
  return {
    conf: [nameservers.join(' '), searches.join(' '), options.join(' ')],
    remarks: remarks.map(({ line, column, message, fatal }) => `${line}:${column} ${message}${fatal ? '!' : ''}`),
  }
}

// biome-ignore format: one case, one row
const ROWS: readonly (readonly [says: string, text: string, conf: readonly string[], remarks: readonly string[]])[] = [
  ['servers add up',                    'nameserver 1.1.1.1\nnameserver fd00::1\n', ['1.1.1.1 fd00::1', '', ''], []],
  ['the last search stands',            'search a b\nsearch c\n',                   ['', 'c', ''], []],
  ['an empty search takes all away',    'search a\nsearch\n',                       ['', '', ''], []],
  ['dots at the end go',                'search a.example. b. c..\n',               ['', 'a.example b c.', ''], []],
  ['a lone dot goes',                   'search . a\n',                             ['', 'a', ''], []],
  ['options add up',                    'options ndots:2 rotate\noptions timeout:1',['', '', 'ndots:2 rotate timeout:1'], []],
  ['the later of one option stands',    'options ndots:3 rotate\noptions ndots:4',  ['', '', 'ndots:4 rotate'], []],
  ['comments',                          '# nameserver 1.1.1.1\n; search a\n  # b',  ['', '', ''], []],
  ['a comment behind a value is one of the words', 'search a # b\n',                ['', 'a # b', ''], []],
  ['blanks around, and ends of DOS',    '\t nameserver \t 1.1.1.1 \r\n\r\n',        ['1.1.1.1', '', ''], []],
  ['keywords are in small letters',     'Nameserver 1.1.1.1\n',                     ['', '', ''], ['1:1 Nameserver is no keyword of resolv.conf']],
  ['a server of a zone',                'nameserver fe80::1%eth0\n',                ['fe80::1%eth0', '', ''], []],
  ['a server that is no address',       'nameserver one.one\n',                     ['one.one', '', ''], ['1:12 one.one is no address']],
  ['two servers in a line',             'nameserver 1.1.1.1 2.2.2.2\n',             ['1.1.1.1', '', ''], ['1:20 one nameserver a line: the rest is not read']],
  ['no server at all',                  'search a\n nameserver\n',                  ['', 'a', ''], ['2:2 nameserver without an address!']],
  ['domain',                            'domain a.example\n',                       ['', '', ''], ['1:1 domain is not read by kubelet: write search']],
  ['a sortlist is passed over',         'sortlist 10.0.0.0\n',                      ['', '', ''], []],
  ['nothing',                           '',                                         ['', '', ''], []],
]
for (const [says, text, conf, remarks] of ROWS) {
  t.test(`readResolvConf(): ${says}`, async t => t.strictSame(told(text), { conf, remarks }))
}

t.test('formatResolvConf() puts search before the servers, and the options last', async t => {
  const conf = { nameservers: ['10.96.0.10', 'fd00::a'], searches: ['a', 'b'], options: ['ndots:5', 'rotate'] }
  t.equal(formatResolvConf(conf), 'search a b\nnameserver 10.96.0.10\nnameserver fd00::a\noptions ndots:5 rotate\n')
  t.equal(formatResolvConf({ nameservers: [], searches: [], options: [] }), '')
})

const word = fc.stringMatching(/^[a-z0-9][a-z0-9:.-]{0,10}[a-z0-9]$/)
t.test('what is written is read back', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.ipV4()),
      fc.array(word),
      fc.uniqueArray(word, { selector: option => option.split(':')[0] }),
      (nameservers, searches, options) => {
        const conf = { nameservers, searches, options }
        t.strictSame(readResolvConf(formatResolvConf(conf)), { conf, remarks: [] })
      },
    ),
  )
})

t.test('any text is read, and remarks stand inside it', async () => {
  const piece = fc.constantFrom(
    'nameserver',
    'search',
    'options',
    'domain',
    ' ',
    '\n',
    '\r',
    '\t',
    '.',
    '#',
    'a:b',
    '\u00a0',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece).map(pieces => pieces.join('')),
  )
  fc.assert(
    fc.property(text, text => {
      const lines = text.split('\n')
      for (const { line, column } of readResolvConf(text).remarks) {
        t.ok(column >= 1 && column <= (lines[line - 1]?.length ?? 0))
      }
    }),
    { numRuns: 3000 },
  )
})
