import fc from 'fast-check'
import t from 'tap'
import { type Ip, parseIp } from '../../src/base/ip.ts'
import { ipv6 } from '../../src/base/ipv6.ts'
import { SCTP, TCP, UDP } from '../../src/base/protocol.ts'
import { agentPath } from '../../src/lab/agent-process.ts'
import { type AnswerLine, findAnswer, formatAnswer } from '../../src/lab/answer-line.ts'
import { answererWork } from '../../src/lab/answerer-work.ts'
import type { LabListener, LabMachine } from '../../src/lab/lab.ts'

const at = (protocol: number, port: number, address?: string, machine = 'a'): LabListener => {
  return { machine, protocol, port, what: `port ${port}`, ...(address ? { address: parseIp(address) } : {}) }
}

const SERVER: LabMachine = {
  machine: 'a',
  kind: 'pod',
  namespace: 'n',
  addresses: ['10.0.0.1', 'fd00::1'].map(parseIp),
}

t.test('the sockets of a plan', async t => {
  const socketsOf = (listeners: readonly LabListener[], machine = SERVER) =>
    answererWork({ machines: [machine], listeners }).flatMap(({ sockets, sctp, everywhere }) => [
      ...sockets.map(one => `${one.protocol} ${one.address ?? '*'} ${one.port}${one.optional ? ' optional' : ''}`),
      ...sctp.ports.map(one => `sctp ${one.address ?? '*'} ${one.port} from ${sctp.own6 ?? 'none'}`),
      ...everywhere.map(one => `everywhere ${one.port}`),
    ])
  const all = [
    ['udp 10.0.0.1 53', 'udp fd00::1 53'],
    ['udp 127.0.0.1 53 optional', 'udp ::1 53 optional'],
  ].flat()
  const outside: LabMachine = { ...SERVER, kind: 'outside' }
  // biome-ignore format: one case, one row
  const rows: readonly [string, readonly LabListener[], readonly string[], LabMachine?][] = [
    ['nobody listens', [], []],
    ['TCP has one socket', [at(TCP, 80)], ['tcp * 80']],
    ['UDP has one for each address and family', [at(UDP, 53)], all],
    ['at one address', [at(TCP, 80, '10.0.0.1'), at(UDP, 53, 'fd00::1')], ['tcp 10.0.0.1 80', 'udp fd00::1 53']],
    ['SCTP', [at(SCTP, 5)], ['sctp * 5 from fd00::1']],
    ['the same twice', [at(TCP, 80), at(TCP, 80)], ['tcp * 80']],
    ['at all addresses covers single ones', [at(TCP, 80, '10.0.0.1'), at(TCP, 80)], ['tcp * 80']],
    ['outside, UDP is everywhere', [at(UDP, 53)], ['everywhere 53'], outside],
    ['outside at one address', [at(UDP, 53, '8.8.8.8')], ['udp 8.8.8.8 53'], outside],
    ['one family', [at(UDP, 53)], ['udp 10.0.0.1 53', 'udp 127.0.0.1 53 optional'], { ...SERVER, addresses: [parseIp('10.0.0.1')] }],
    ['loopback told of', [at(UDP, 53)], ['udp 127.0.0.1 53'], { ...SERVER, addresses: [parseIp('127.0.0.1')] }],
  ]
  for (const [name, listeners, wanted, machine] of rows) t.strictSame(socketsOf(listeners, machine), wanted, name)
  t.throws(() => socketsOf([at(TCP, 80, undefined, 'b')]), /a listener of b, which is no machine of the lab: port 80/)
  t.throws(() => socketsOf([at(1, 80)]), /a listener of protocol 1/)
})

const LINE: AnswerLine = {
  machine: 'default/web-1',
  what: 'container "web"\nport http',
  protocol: 'TCP',
  src: parseIp('10.244.1.7'),
  sport: 4000,
  dst: parseIp('fd00::1'),
  dport: 80,
}

const ips = fc.oneof(
  fc.integer().map(word => (word | 0) as Ip),
  fc.tuple(fc.integer(), fc.integer(), fc.integer(), fc.integer()).map(words => ipv6(...words)),
)
const ports = fc.integer({ min: 0, max: 0xffff })

t.test('answers are read as they were said', async t => {
  const lines = fc.record({
    machine: fc.string(),
    what: fc.string(),
    protocol: fc.constant('UDP' as const),
    src: ips,
    sport: ports,
    dst: ips,
    dport: ports,
  })
  fc.assert(
    fc.property(lines, line => {
      const { what: _, protocol: __, ...answer } = line
      t.strictSame(findAnswer(formatAnswer(line)), answer)
    }),
    { numRuns: 50 },
  )
  t.equal(formatAnswer(LINE).split('\n').length, 2, 'an answer is one line')
})

t.test('other words are no answers, and no trouble', async t => {
  const line = formatAnswer(LINE)
  fc.assert(
    fc.property(fc.string(), text => findAnswer(text) === undefined && findAnswer(`{"machine":${text}`) === undefined),
  )
  fc.assert(
    fc.property(fc.nat(line.length - 3), fc.string({ maxLength: 3 }), (cut, instead) => {
      const mended = line.slice(0, cut) + instead + line.slice(cut + 1)
      const answer = findAnswer(mended)
      return answer === undefined || typeof answer.machine === 'string'
    }),
  )
  for (const text of ['', 'null', '{"machine":1}', '{"machine":"a","src":"x","dst":"y","sport":1,"dport":2}']) {
    t.equal(findAnswer(text), undefined, text)
  }
  for (const port of [-1, 65_536, 1.5, '80', null]) {
    t.equal(findAnswer(line.replace(':80}', `:${JSON.stringify(port)}}`)), undefined, `port ${port}`)
  }
})

t.test('agents are those of the build', async t => {
  t.match(agentPath('opener'), /\/dist\/lab\/agent\/opener\.js$/)
  t.throws(() => agentPath('nobody' as 'opener'), /nobody\.js, which is not there: build it with "npm run build"/)
})
