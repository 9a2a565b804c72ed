import fc from 'fast-check'
import t from 'tap'
import { readSysctls } from '../../src/host/sysctl-text.ts'

const read = (text: string) => readSysctls(text).map(({ key, value }) => `${key}=${value}`)

t.test('readSysctls() reads', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    ['what sysctl prints', 'net.ipv4.ip_forward = 1\n', ['net.ipv4.ip_forward=1']],
    ['what kube-proxy writes', 'net.ipv4.conf.all.route_localnet=1', ['net.ipv4.conf.all.route_localnet=1']],
    ['several values', 'net.ipv4.tcp_rmem = 4096\t131072\t6291456\n', ['net.ipv4.tcp_rmem=4096\t131072\t6291456']],
    ['no value', 'net.ipv4.ip_local_reserved_ports = \n', ['net.ipv4.ip_local_reserved_ports=']],
    ['a value with an equals sign', 'net.core.a = b=c', ['net.core.a=b=c']],
    ['a device with a dot', 'net.ipv4.conf.flannel/1.rp_filter = 0', ['net.ipv4.conf.flannel/1.rp_filter=0']],
    ['a sysctl.conf with slashes', 'net/ipv4/conf/flannel.1/rp_filter = 0', ['net.ipv4.conf.flannel/1.rp_filter=0']],
    ['a setting that may fail', '-net.ipv4.ip_forward = 1', ['net.ipv4.ip_forward=1']],
    ['the later of two', 'a.b = 1\na.b = 2', ['a.b=2']],
    ['ends of line of another system', 'a.b = 1\r\na.c = 2\r\n', ['a.b=1', 'a.c=2']],
    ['nothing of remarks', '# a\n; b\n\n  \n', []],
    ['nothing of complaints', 'sysctl: permission denied on key \'net.ipv4.tcp_fastopen_key\'\nsysctl: reading key "net.ipv6.conf.all.stable_secret"\nerror: "x" is an unknown key\n', []],
  ] as const
  for (const [what, text, settings] of rows) t.same(read(text), settings, what)
})

t.test('readSysctls() refuses', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    ['a line without a value', 'a.b = 1\nwhat', 'line 2: Cannot parse setting "what": not "key = value"'],
    ['a line without a key', '= 1', 'line 1: Cannot parse setting "= 1": not "key = value"'],
    ['a key of two words', 'a b = 1', 'line 1: Cannot parse setting "a b = 1": not "key = value"'],
    ['a long line, in a few words', 'x'.repeat(1000), `line 1: Cannot parse setting "${'x'.repeat(60)}…": not "key = value"`],
  ] as const
  for (const [what, text, message] of rows) t.throws(() => read(text), { name: 'InputError', message }, what)
})

t.test('any text is read or refused', async t => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom('=', '\n', ' ', '.', '/', '-', '#', 'net', 'sysctl:', '1', '\t', '\0'),
  )
  fc.assert(
    fc.property(fc.array(piece), pieces => {
      try {
        read(pieces.join(''))
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'InputError') throw error
      }
    }),
  )
  t.pass()
})
