/**
 * Routing as the kernel does it: both are given the same addresses, routes and rules, and asked the
 * same questions.
 */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { formatIp, type Ip } from '../../src/base/ip.ts'
import { seededRandom } from '../../src/base/random.ts'
import { createMachineMemory } from '../../src/node/memory.ts'
import { type Routed, routeOwn, UNSPECIFIED } from '../../src/node/route.ts'
import { routeIn } from '../../src/node/route-in.ts'
import { startWalk, type Walk } from '../../src/node/walk.ts'
import { inNamespace, type Namespace } from '../kernel/netns.ts'
import {
  drawQuestions,
  drawRoutes,
  drawRules,
  FOUR,
  type Ground,
  LINKS,
  type Question,
  questionCommand,
  SIX,
  setUpCommands,
} from './routing-draw.ts'
import { address, around, machine, packet, skb, sysctls } from './world.ts'

/** What a lookup comes to, in the words of `ip route get`. */
type Answer = string

const SETTINGS = {
  'net.ipv4.ip_forward': 1,
  'net.ipv6.conf.all.forwarding': 1,
  'net.ipv4.conf.all.rp_filter': 0,
  'net.ipv4.conf.default.rp_filter': 0,
  'net.ipv6.conf.default.accept_dad': 0,
}

/** The kernel's answers: what it cannot answer it says on the other stream, with the line's number. */
async function askKernel(
  ns: Namespace,
  { family }: Ground,
  questions: readonly Question[],
): Promise<readonly Answer[]> {
  const batch = `${questions.map(questionCommand).join('\n')}\n`
  const { stdout, stderr } = await ns.try('ip', [`-${family}`, '-o', '-force', '-batch', '-'], batch)
  const failures = new Map<number, string>()
  let problem = ''
  for (const line of stderr.split('\n')) {
    const at = /^Command failed -:(\d+)/.exec(line)?.[1]
    if (at === undefined) problem = line.replace(/^(?:RTNETLINK answers|Error): /, '')
    else failures.set(Number(at), problem)
  }
  const found = stdout.split('\n').filter(Boolean)
  let next = 0
  return questions.map((_, i) => failures.get(i + 1) ?? wordsOf(found[next++] ?? ''))
}

function wordsOf(line: string): Answer {
  const word = (name: string) => new RegExp(` ${name} (\\S+)`).exec(line)?.[1]
  const type = /^(?:local|broadcast|multicast|anycast|unreachable)(?= )/.exec(line)?.[0] ?? 'unicast'
  const error = word('error')
  // IPv6 answers with the route that refuses.
  if (error !== undefined) return ERRORS.get(error.replace('-', '')) ?? line
  const isUp = type === 'local' || type === 'anycast'
  const src = word('src') ?? '-'
  return isUp ? `local src ${src}` : `${type} dev ${word('dev')} via ${word('via') ?? '-'} src ${src}`
}

const ERRORS: ReadonlyMap<string, Answer> = new Map([
  ['13', 'Permission denied'],
  ['22', 'Invalid argument'],
  ['101', 'Network is unreachable'],
  ['113', 'No route to host'],
])

function askUs(walk: Walk, { dst, src, in: by, mark }: Question): Answer {
  const asked = packet(src ?? formatIp(UNSPECIFIED[dst.includes(':') ? 6 : 4]), dst)
  const device = by === undefined ? undefined : walk.machine.devices.get(by)
  if (device) {
    const routed = routeIn(walk, { packet: asked, mark }, device)
    return routed ? answerOf(routed) : errorOf(walk)
  }
  const own = routeOwn(walk, { packet: asked, mark })
  return own ? answerOf(own.routed, own.skb.packet.src) : errorOf(walk)
}

function answerOf({ kind, out, via }: Routed, src?: Ip): Answer {
  const from = src === undefined ? '-' : formatIp(src)
  if (kind === 'local') return `local src ${from}`
  return `${kind} dev ${out.name} via ${via === undefined ? '-' : formatIp(via)} src ${from}`
}

function errorOf({ ended, steps }: Walk): Answer {
  // Of what the reverse path filter drops, the kernel says no more than of other strange packets.
  if (ended?.kind !== 'no route') return 'Invalid argument'
  const last = steps.at(-1)
  const byRoute = last?.component === 'route' && last.route !== undefined
  if (ended.type === 'prohibit') return 'Permission denied'
  if (ended.type === 'blackhole') return 'Invalid argument'
  return ended.type === 'unreachable' && byRoute ? 'No route to host' : 'Network is unreachable'
}

function freshWalk(subject: Walk['machine']): Walk {
  return startWalk(subject, createMachineMemory(), around(), { kind: 'own', skb: skb('0.0.0.0', '10.0.0.1') })
}

/** IPv6 makes an address its own a moment after it was added. @see addrconf_dad_work in net/ipv6/addrconf.c of Linux */
async function addressesInUse(ns: Namespace, { family, addresses }: Ground): Promise<void> {
  const own = addresses.map(([, text]) => `local ${text.replace(/\/.*/, '')} `)
  for (let attempt = 1; ; attempt++) {
    const routes = await ns.run('ip', [`-${family}`, 'route', 'show', 'table', 'local'])
    const missing = own.find(start => !routes.includes(start))
    if (missing === undefined) return
    if (attempt === 200) throw new Error(`the kernel has no route ${missing}`)
    await delay(25)
  }
}

async function compare(ns: Namespace, ground: Ground, seed: number, withRules: boolean, settings = SETTINGS) {
  const random = seededRandom(seed, ground.name)
  const routes = drawRoutes(ground, random)
  const rules = withRules ? drawRules(ground, random) : []
  await ns.run('sysctl', ['-qw', ...Object.entries(settings).map(([key, value]) => `${key}=${value}`)])
  await ns.run('ip', [`-${ground.family}`, '-batch', '-'], setUpCommands(ground, routes, rules))
  await addressesInUse(ns, ground)
  const subject = machine({
    links: LINKS,
    addresses: ground.addresses.map(([link, text]) => address(link, text)),
    routes,
    routingRules: rules,
    sysctls: sysctls(settings),
  })
  const questions = drawQuestions(ground, random, 200)
  const answers = await askKernel(ns, ground, questions)
  const line = (question: Question, answer: Answer | undefined) => `${questionCommand(question)} => ${answer}`
  return {
    ours: questions.map(question => line(question, askUs(freshWalk(subject), question))),
    theirs: questions.map((question, i) => line(question, answers[i])),
    kinds: new Set(answers).size,
  }
}

for (const ground of [FOUR, SIX]) {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const withRules = seed > 2
    t.test(`${ground.name} is routed as by the kernel: draw ${seed}, ${withRules ? 'with' : 'without'} rules`, t =>
      inNamespace(t, ['veth', 'sysctl'], async ns => {
        const { ours, theirs, kinds } = await compare(ns, ground, seed, withRules)
        t.strictSame(ours, theirs)
        t.ok(kinds > 5, `answers of ${kinds} kinds`)
      }),
    )
  }
}

for (const mode of [1, 2]) {
  t.test(`what may come in is what the kernel lets in: rp_filter ${mode}`, t =>
    inNamespace(t, ['veth', 'sysctl'], async ns => {
      const settings = { ...SETTINGS, 'net.ipv4.conf.default.rp_filter': mode }
      const { ours, theirs } = await compare(ns, FOUR, 10 + mode, true, settings)
      t.strictSame(ours, theirs)
    }),
  )
}
