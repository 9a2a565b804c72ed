/** What a lab must not touch: the network of the machine that it runs on. */
import { run } from './lab-here.ts'

/** Settings that count something, or that the kernel or others change at any time. */
const MOVING = [
  /^dev\.cdrom\./,
  /^fs\.(?:aio-nr|dentry-state|file-nr|inode-nr|inode-state|quota\.)/,
  /^kernel\.(?:ns_last_pid|random\.|pty\.nr|seccomp|tainted|perf_event_max_sample_rate|perf_event_max_stack)/,
  /^kernel\.sched_domain/,
  /^net\.netfilter\.nf_conntrack_count /,
  /^vm\./,
]

/** The commands that show it, and what of their output is no state. */
const LOOKS: readonly (readonly [tool: string, args: readonly string[], plain: (text: string) => string])[] = [
  ['ip', ['-d', '-j', 'link'], pretty],
  ['ip', ['-j', 'addr'], withoutLifetimes],
  ['ip', ['-4', '-j', 'route', 'show', 'table', 'all'], pretty],
  ['ip', ['-6', '-j', 'route', 'show', 'table', 'all'], pretty],
  ['ip', ['-4', '-j', 'rule'], pretty],
  ['ip', ['-6', '-j', 'rule'], pretty],
  ['iptables-legacy-save', [], withoutTimes],
  ['ip6tables-legacy-save', [], withoutTimes],
  ['iptables-nft-save', [], withoutTimes],
  ['ip6tables-nft-save', [], withoutTimes],
  ['nft', ['-s', 'list', 'ruleset'], text => text],
  ['sysctl', ['-a'], withoutMoving],
]

/**
 * All that can be seen of it, by the command that shows it.
 *
 * @param inside a namespace to look at in place of the machine's own
 */
export async function lookAtMachine(inside?: string): Promise<ReadonlyMap<string, string>> {
  const looks = new Map<string, string>()
  const before = inside === undefined ? [] : ['ip', 'netns', 'exec', inside]
  for (const [tool, args, plain] of LOOKS) {
    const [first = '', ...rest] = [...before, tool, ...args]
    const { out } = await run(first, rest)
    looks.set([tool, ...args].join(' '), plain(out))
  }
  return looks
}

function pretty(text: string): string {
  return text === '' ? '' : JSON.stringify(JSON.parse(text), undefined, 1)
}

/** How long an address is still good for counts down. */
function withoutLifetimes(text: string): string {
  return pretty(text).replaceAll(/"(?:valid|preferred)_life_time": \d+/g, '')
}

/** Comments say when; counters of the machine's own rules go on counting. */
function withoutTimes(text: string): string {
  return text.replaceAll(/^#.*\n/gm, '').replaceAll(/\[\d+:\d+\]/g, '[0:0]')
}

function withoutMoving(text: string): string {
  return text
    .split('\n')
    .filter(line => !MOVING.some(pattern => pattern.test(line)))
    .join('\n')
}
