/**
 * What a lab needs of the machine, and what the machine lacks.
 *
 * @module
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { LabError } from './failure.ts'
import { type Running, runJob, toolEnvironment } from './jobs.ts'
import type { IptablesVariant, Job, LabPlan } from './lab.ts'
import { namespacePrefix } from './naming.ts'
import { LOGGER, LOGGERS, OBSERVING_GROUP } from './observing-table.ts'

/** A tool, and the package of Debian that has it. */
export interface Tool {
  readonly name: string
  readonly from: string
}

export function toolsOf(variant: IptablesVariant): readonly Tool[] {
  return [
    { name: 'ip', from: 'iproute2' },
    { name: 'bridge', from: 'iproute2' },
    { name: 'sysctl', from: 'procps' },
    { name: `iptables-${variant}-restore`, from: 'iptables' },
    { name: `ip6tables-${variant}-restore`, from: 'iptables' },
  ]
}

/** What of the machine counts. */
export interface Ground {
  readonly platform: string
  /** Effective; absent where there are none. */
  readonly user: number | undefined
  readonly has: (tool: string) => boolean
}

export function groundHere(): Ground {
  const folders = (toolEnvironment(process.env)['PATH'] ?? '').split(delimiter).filter(folder => folder !== '')
  return {
    platform: process.platform,
    user: process.geteuid?.(),
    has: tool => folders.some(folder => isExecutable(join(folder, tool))),
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** @throws {LabError} unless whoever runs this may make namespaces */
export function requireRoot({ platform, user }: Ground): void {
  if (platform !== 'linux') throw new LabError([`a lab needs Linux; this is ${platform}`])
  if (user !== 0) throw new LabError(['a lab needs root: it makes network namespaces; run it with sudo'])
}

/** @throws {LabError} with all tools that are not there */
export function requireTools(tools: readonly Tool[], { has }: Ground): void {
  const lacking = tools.filter(({ name }) => !has(name))
  if (lacking.length === 0) return
  throw new LabError(
    lacking.map(({ name, from }) => `a lab needs the tool ${name}, which is not there: apt-get install ${from}`),
  )
}

/** Something that a kernel can or cannot do. */
export interface Feature {
  readonly what: string
  /** What would help. */
  readonly remedy: string
  readonly job: Omit<Job, 'namespace' | 'about'>
}

const HAS_IPTABLES = '*nat\n-A POSTROUTING -m comment --comment probe -j MASQUERADE\nCOMMIT\n*filter\nCOMMIT\n'

/** What a lab's machines are made of. */
export function featuresOf({ variant, files }: LabPlan): readonly Feature[] {
  const link = (name: string, ...type: readonly string[]) => ({
    tool: 'ip',
    args: ['link', 'add', name, 'type', ...type],
  })
  const tunnels = [...files].some(([path, text]) => path.endsWith('/links.batch') && text.includes(' type vxlan '))
  const vxlan = link('probe1', 'vxlan', 'id', '1', 'dstport', '8472', 'local', '127.0.0.1')
  return [
    {
      what: 'IPv6',
      remedy: 'booting without ipv6.disable=1',
      job: { tool: 'sysctl', args: ['net.ipv6.conf.all.forwarding'] },
    },
    { what: 'bridges', remedy: 'modprobe bridge', job: link('probe0', 'bridge') },
    { what: 'veth pairs', remedy: 'modprobe veth', job: link('probe2', 'veth', 'peer', 'name', 'probe3') },
    ...(tunnels ? [{ what: 'VXLAN', remedy: 'modprobe vxlan, or another --overlay', job: vxlan }] : []),
    {
      what: 'rules for bridged frames (br_netfilter)',
      remedy: 'modprobe br_netfilter',
      job: { tool: 'sysctl', args: ['net.bridge.bridge-nf-call-iptables', 'net.bridge.bridge-nf-call-ip6tables'] },
    },
    ...['iptables', 'ip6tables'].map(tool => ({
      what: `${tool}-${variant}`,
      remedy:
        variant === 'nft'
          ? 'modprobe nf_tables nft_compat, or --iptables legacy'
          : 'modprobe ip_tables ip6_tables, or --iptables nft',
      job: { tool: `${tool}-${variant}-restore`, args: [], input: HAS_IPTABLES },
    })),
  ]
}

function tableWith(statement: string): string {
  return `table inet probe {\n chain seen {\n type filter hook output priority 0\n ${statement}\n }\n}\n`
}

/** What shows the packets and rules that the kernel comes to. */
export function watchFeaturesOf({ variant }: Pick<LabPlan, 'variant'>): readonly Feature[] {
  const nft = (what: string, module: string, input: string): Feature => ({
    what,
    remedy: `modprobe ${module}`,
    job: { tool: 'nft', args: ['-f', '-'], input },
  })
  const logger: Feature = {
    what: 'traces of iptables-legacy by log groups (nfnetlink_log)',
    remedy: 'modprobe nfnetlink_log, or --iptables nft',
    job: { tool: 'sysctl', args: ['-q', '-w', ...LOGGERS.map(name => `${name}=${LOGGER}`)] },
  }
  return [
    nft('traces of rules (nftrace)', 'nf_tables nft_meta', tableWith('meta nftrace set 1')),
    nft('log groups (nfnetlink_log)', 'nft_log nfnetlink_log', tableWith(`log group ${OBSERVING_GROUP}`)),
    ...(variant === 'legacy' ? [logger] : []),
  ]
}

/**
 * Tries in a namespace of its own what will be needed of the kernel.
 *
 * @throws {LabError} with all that the kernel cannot do, and what would help
 */
export async function requireKernel(features: readonly Feature[], running: Running): Promise<void> {
  // One that a killed program left behind is in nobody's way until the lab is taken down.
  const namespace = `${namespacePrefix(running.lab)}probe.${process.pid}`
  const about = 'a lab needs network namespaces'
  await runJob({ tool: 'ip', args: ['netns', 'add', namespace], about }, running)
  const lacks: string[] = []
  try {
    for (const { what, remedy, job } of features) {
      try {
        await runJob({ ...job, namespace, about: `the kernel lacks ${what}; try ${remedy}` }, running)
      } catch (cause) {
        if (!(cause instanceof LabError)) throw cause
        lacks.push(...cause.lines)
      }
    }
  } finally {
    await runJob({ tool: 'ip', args: ['netns', 'delete', namespace], about }, { lab: running.lab })
  }
  if (lacks.length > 0) throw new LabError(lacks)
}
