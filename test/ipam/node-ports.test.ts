/** Node ports: the rows are those of Kubernetes' own exam. */
import t from 'tap'
import { seededRandom } from '../../src/base/random.ts'
import {
  allocateHealthCheckNodePort,
  allocateNodePorts,
  DEFAULT_NODE_PORTS,
  type NodePortRequest,
  NodePorts,
  updateNodePorts,
} from '../../src/ipam/node-ports.ts'
import { Transaction } from '../../src/ipam/transaction.ts'

const poolOf = (from: number, to: number, seed = 1) => new NodePorts({ from, to }, seededRandom(seed, 'nodePort'))
const draw = (pool: NodePorts, count: number) => Array.from({ length: count }, () => pool.allocateNext())
const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const byNumber = (a: number, b: number) => a - b

t.test('a range gives', async t => {
  const pool = poolOf(10000, 10200)
  t.equal(pool.free, 201)
  t.same(draw(pool, 201).sort(byNumber), upTo(10000, 10200), 'each port once')
  t.throws(() => pool.allocateNext(), { problem: 'full', message: 'range is full' })
  pool.release(10005)
  t.equal(pool.allocateNext(), 10005, 'and again what came back')
  for (const port of [1, 9999, 20000, 10201]) {
    t.notOk(pool.has(port))
    pool.release(port)
    const message = 'provided port is not in the valid range. The range of valid ports is 10000-10200'
    t.throws(() => pool.allocate(port), { problem: 'outside', message }, `not ${port}`)
  }
  t.throws(() => pool.allocate(10100), { problem: 'taken', message: 'provided port is already allocated' })
  const some = poolOf(200, 300)
  draw(some, 50)
  t.equal(some.free, 51)
})

t.test('the default range gives the dynamic part first', async t => {
  const pool = new NodePorts(DEFAULT_NODE_PORTS, seededRandom(1))
  t.same(draw(pool, 2768 - 86).sort(byNumber), upTo(30086, 32767))
  t.same(draw(pool, 86).sort(byNumber), upTo(30000, 30085))
})

t.test('a range of sixteen has no static part', async t => {
  t.notSame(draw(poolOf(1, 16), 16), upTo(1, 16))
  t.same(draw(poolOf(1, 16), 16).sort(byNumber), upTo(1, 16))
})

const tcp = (port: number, nodePort?: number): NodePortRequest => ({
  protocol: 'TCP',
  port,
  ...(nodePort === undefined ? {} : { nodePort }),
})
const udp = (port: number, nodePort?: number): NodePortRequest => ({ ...tcp(port, nodePort), protocol: 'UDP' })

t.test('a new Service', async t => {
  const pool = poolOf(30000, 30100)
  const give = (...requests: NodePortRequest[]) => {
    const open = new Transaction(pool)
    const given = allocateNodePorts(requests, open)
    open.commit()
    return given
  }
  t.same(give(tcp(80, 30050)), [30050], 'gets what it asks for')
  const [first, second] = give(tcp(53), udp(53))
  t.equal(first, second, 'shares one port between protocols')
  t.same(give(tcp(53), udp(53, 30060)), [30060, 30060], 'the one that either asks for')
  t.same(give(tcp(53, 30061), udp(53, 30062)), [30061, 30062], 'or has two that it asks for')
  const [a, b] = give(tcp(80), tcp(81))
  t.not(a, b, 'has one for each port number')
  t.same(give(tcp(80, 0)).length, 1, 'takes 0 for none')

  const refused =
    (...requests: NodePortRequest[]) =>
    () =>
      allocateNodePorts(requests, new Transaction(pool))
  t.throws(
    refused(tcp(80), udp(80, 30050)),
    { field: 'spec.ports[0].nodePort', message: 'provided port is already allocated' },
    'shares with no other Service',
  )
  t.throws(refused(tcp(80, 80)), {
    field: 'spec.ports[0].nodePort',
    message: 'provided port is not in the valid range. The range of valid ports is 30000-30100',
  })
  t.throws(refused(tcp(80, 30000), tcp(81, 30001), tcp(80, 30001)), {
    field: 'spec.ports[2].nodePort',
    message: 'provided port is already allocated',
  })
  t.throws(() => allocateNodePorts([tcp(80)], new Transaction(poolOf(1, 0))), {
    message: 'failed to allocate a nodePort: range is full',
  })
})

t.test('a Service that changes', async t => {
  const pool = poolOf(30000, 30100)
  const former = [30001, 30002]
  for (const port of former) pool.allocate(port)
  pool.allocate(30003)
  const change = (...requests: NodePortRequest[]) => updateNodePorts(requests, former, new Transaction(pool))
  t.same(change(tcp(80, 30001), udp(80, 30001)), [30001, 30001], 'keeps what it has')
  t.same(change(tcp(80, 30004), udp(80, 30004)), [30004, 30004], 'shares new ones between protocols')
  t.throws(() => change(tcp(80, 30003)), { message: 'provided port is already allocated' }, 'gets nothing of others')
  t.throws(
    () => change(tcp(80, 30001), tcp(81, 30001)),
    { message: 'duplicate nodePort: {TCP 30001}' },
    'has each port once',
  )
  const open = new Transaction(pool)
  const [kept, fresh] = updateNodePorts([tcp(80, 30002), tcp(81), udp(81, 30009)], former, open)
  t.equal(kept, 30002)
  t.ok(fresh !== undefined && pool.has(fresh), 'gets new ones')
  t.ok(pool.has(30001), 'and gives back the old')
  open.commit()
  t.notOk(pool.has(30001), 'once it is certain')
  t.ok(pool.has(30009))
})

t.test('a health check', async t => {
  const pool = poolOf(30000, 30010)
  const ask = (wanted?: number) => allocateHealthCheckNodePort(wanted, new Transaction(pool))
  t.equal(ask(30005), 30005, 'has the port that it asks for')
  t.ok(pool.has(ask()), 'or one that is drawn')
  t.throws(() => ask(30005), {
    message: 'failed to allocate requested HealthCheck NodePort 30005: provided port is already allocated',
  })
  draw(pool, pool.free)
  t.throws(() => ask(), { message: 'failed to allocate a HealthCheck NodePort 0: range is full' })
})

t.test('a transaction', async t => {
  const pool = poolOf(30000, 30003)
  pool.allocate(30000)
  const failed = new Transaction(pool)
  failed.allocate(30001)
  failed.allocateNext()
  failed.release(30000)
  t.equal(pool.free, 1, 'takes at once and gives back later')
  failed.revert()
  t.same([pool.free, pool.has(30000)], [3, true], 'or leaves all as it was')
  const good = new Transaction(pool)
  good.allocate(30001)
  good.release(30000)
  good.commit()
  good.revert()
  t.same([pool.has(30000), pool.has(30001)], [false, true], 'and ends once')
})

t.test('errors that are no refusals pass through', async t => {
  const broken = {
    allocate: () => {
      throw new TypeError('broken')
    },
    allocateNext: (): number => {
      throw new TypeError('broken')
    },
    release: () => undefined,
  }
  for (const act of [
    () => allocateNodePorts([tcp(80)], new Transaction(broken)),
    () => allocateNodePorts([tcp(80, 1)], new Transaction(broken)),
    () => allocateHealthCheckNodePort(1, new Transaction(broken)),
  ]) {
    t.throws(act, TypeError)
  }
})
