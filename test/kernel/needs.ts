/**
 * What a kernel check needs of the machine, and whether the machine has it.
 *
 * @module
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** Commands whose success in an empty namespace shows that the machine has what they are named for. */
const COMMANDS = {
  ip: ['true'],
  bridge: ['bridge', '-V'],
  sysctl: ['sysctl', '-V'],
  ipset: ['ipset', 'create', 'a', 'hash:ip'],
  nft: ['nft', 'add', 'table', 'ip', 'a'],
  'iptables-legacy-restore': ['iptables-legacy-restore'],
  'ip6tables-legacy-restore': ['ip6tables-legacy-restore'],
  'iptables-nft-restore': ['iptables-nft-restore'],
  'ip6tables-nft-restore': ['ip6tables-nft-restore'],
  veth: ['ip', 'link', 'add', 'probe0', 'type', 'veth', 'peer', 'name', 'probe1'],
  'bridge device': ['ip', 'link', 'add', 'probe0', 'type', 'bridge'],
  vxlan: ['ip', 'link', 'add', 'probe0', 'type', 'vxlan', 'id', '1', 'dstport', '8472', 'local', '127.0.0.1'],
  nf_conntrack: ['cat', '/proc/net/nf_conntrack'],
  conntrack: ['conntrack', '-F'],
  br_netfilter: ['cat', '/proc/sys/net/bridge/bridge-nf-call-iptables'],
  tcpdump: ['tcpdump', '--version'],
  unshare: ['unshare', '-m', 'true'],
  gcc: ['gcc', '--version'],
  'musl-gcc': ['musl-gcc', '--version'],
  'xtables-monitor': ['xtables-monitor', '--version'],
  'nft trace': ['nft', 'add table ip a; add chain ip a b; add rule ip a b meta nftrace set 1'],
  'nft log': ['nft', 'add table ip a; add chain ip a b; add rule ip a b log group 1'],
  nfnetlink_log: ['sysctl', '-w', 'net.netfilter.nf_log.2=nfnetlink_log', 'net.netfilter.nf_log.10=nfnetlink_log'],
} as const

/** Rules of table filter whose loading shows that the kernel has the extension. */
const RULES = {
  xt_addrtype: '-m addrtype --dst-type LOCAL',
  xt_comment: '-m comment --comment a',
  xt_conntrack: '-m conntrack --ctstate NEW',
  xt_mark: '-m mark --mark 1',
  xt_multiport: '-p tcp -m multiport --dports 1,2',
  xt_physdev: '-m physdev --physdev-is-bridged',
  xt_recent: '-m recent --name a --set',
  xt_statistic: '-m statistic --mode random --probability 0.5',
  xt_REJECT: '-j REJECT',
} as const

/** Packages that hold a compiled part, made for one version of Node by the "npm ci" that ran on it. */
const PACKAGES = ['raw-socket'] as const

/** A tool or a package by its name, or a feature of the kernel by what it is called. */
export type Need = keyof typeof COMMANDS | keyof typeof RULES | (typeof PACKAGES)[number]

/** To load what `render` writes for a node's links, routes and settings. */
export const HOST_NEEDS: readonly Need[] = ['bridge', 'bridge device', 'br_netfilter', 'sysctl', 'veth', 'vxlan']

/** Tools stand in places that not every user's PATH names. */
export const ENVIRONMENT = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C' }

/** iptables takes one lock for the whole machine unless told otherwise; namespaces share no rules. */
const LOCK = join(tmpdir(), `podwire-probe-${process.pid}.lock`)

/** How the lack of a package that is there but was built elsewhere ends. */
const FOR_ANOTHER_NODE = 'is built for another Node'

const lacks = new Map<Need, string | undefined>()

/** Why the machine cannot run a check that has these needs, or nothing. */
export function lackOf(needs: readonly Need[]): string | undefined {
  if (process.platform !== 'linux') return `needs Linux, this is ${process.platform}`
  if (process.getuid?.() !== 0) return 'needs root'
  for (const need of ['ip', ...needs] as const) {
    if (!lacks.has(need)) lacks.set(need, probe(need))
    const lack = lacks.get(need)
    if (lack !== undefined) return lack
  }
  return undefined
}

/**
 * Skips a test by name with the reason; where `PODWIRE_KERNEL=required` is set, fails it instead. A package
 * that was built for another Node cannot be there, whatever the machine has: for that a test is always skipped.
 */
export function passOver(t: Pick<Test, 'fail' | 'plan'>, lack: string): void {
  if (process.env['PODWIRE_KERNEL'] === 'required' && !lack.endsWith(FOR_ANOTHER_NODE)) t.fail(lack)
  else t.plan(0, lack)
}

function probe(need: Need): string | undefined {
  const wanted = PACKAGES.find(name => name === need)
  return wanted ? probePackage(wanted) : probeKernel(need)
}

function probePackage(name: string): string | undefined {
  try {
    createRequire(import.meta.url)(name)
    return undefined
  } catch (cause) {
    const { message } = cause as Error
    if (message.includes('NODE_MODULE_VERSION')) return `${name} ${FOR_ANOTHER_NODE}`
    return `needs the package ${name}: ${message.split('\n')[0]}`
  }
}

function probeKernel(need: Need): string | undefined {
  const name = `podwire-probe-${process.pid}-${randomBytes(3).toString('hex')}`
  const made = call('ip', ['netns', 'add', name])
  if (made.error) return 'needs the tool ip'
  if (made.status !== 0) return `needs network namespaces: ${firstLine(made)}`
  try {
    const run =
      need in RULES
        ? call('ip', ['netns', 'exec', name, 'iptables-legacy-restore'], sample(RULES[need as keyof typeof RULES]))
        : call('ip', ['netns', 'exec', name, ...COMMANDS[need as keyof typeof COMMANDS]], '*filter\nCOMMIT\n')
    return run.status === 0 ? undefined : `needs ${need}: ${firstLine(run)}`
  } finally {
    call('ip', ['netns', 'delete', name])
    rmSync(LOCK, { force: true })
  }
}

function sample(rule: string): string {
  return `*filter\n-A INPUT ${rule}\nCOMMIT\n`
}

function call(tool: string, args: readonly string[], input = ''): SpawnSyncReturns<string> {
  const env = { ...ENVIRONMENT, XTABLES_LOCKFILE: LOCK }
  return spawnSync(tool, args, { env, input, encoding: 'utf8' })
}

function firstLine({ stderr, error }: SpawnSyncReturns<string>): string {
  return stderr?.split('\n')[0] || error?.message || 'no reason given'
}
