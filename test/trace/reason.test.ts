/** Why: every way to end has words of its own, and rules are named by who wrote them and for what. */
import t from 'tap'
import { parsePrefix } from '../../src/base/ip.ts'
import type { Rule } from '../../src/netfilter/rule.ts'
import { formatConditions } from '../../src/trace/condition-text.ts'
import type { TraceContext } from '../../src/trace/context.ts'
import { traceToJson } from '../../src/trace/json.ts'
import { reasonOf } from '../../src/trace/reason.ts'
import { formatObject, objectOf, writerOf } from '../../src/trace/rule-object.ts'
import { shortChain } from '../../src/trace/rule-text.ts'
import { formatTrace } from '../../src/trace/text.ts'
import { VERDICTS, verdictOf } from '../../src/trace/verdict.ts'
import { warningsOf } from '../../src/trace/warning.ts'
import { createWorld } from '../../src/trace/wiring.ts'
import { CASES, type Case, foreign, told } from './cases.ts'
import { ALL_ENDS, ALL_EXPERIENCES, ALL_OUTCOMES, answerJourney, journeyTo, ruleStep, SYN, traceOf } from './sample.ts'

const HOST = {
  network: { links: [], addresses: [], routes: [], neighbours: [], fdb: [], sysctls: [] },
  rules: {},
  sets: [],
}

/** A world of one node of which nothing is known. */
const CONTEXT: TraceContext = {
  world: createWorld({
    nodes: [{ name: 'node-1', uplinks: [], inner: [], host: () => HOST }],
    pods: [],
    vips: [],
    hidden: [],
    mtu: 1500,
    listenerAt: () => ({ listens: 'unknown' }),
  }),
}

const PLAIN = { verbose: false, colour: false, unicode: true, width: 140 }

t.test('every kind of end says why, of the request and of the reply', async t => {
  for (const end of ALL_ENDS) {
    const outcome = { kind: 'ended', machine: 'node-1', end } as const
    for (const trace of [
      traceOf(journeyTo(outcome), 'timeout'),
      traceOf(journeyTo(ALL_OUTCOMES[0] ?? outcome), 'timeout', answerJourney(outcome)),
    ]) {
      const [path] = trace.paths
      if (!path) throw new Error('no path')
      const { why, try: commands } = reasonOf(path, trace, CONTEXT)
      t.ok(why.length > 20 && /[.?]$|: -A /.test(why), `${end.kind}: ${why}`)
      t.match(commands.at(-1), 'podwire trace', 'and how to look closer')
      t.match(formatTrace(trace, { ...CONTEXT, ...PLAIN }), 'WHY', 'the text tells it')
    }
  }
})

t.test('every outcome with every experience has a verdict, a text and a JSON', async t => {
  const seen = new Set<string>()
  for (const outcome of ALL_OUTCOMES) {
    for (const experience of ALL_EXPERIENCES) {
      const trace = traceOf(journeyTo(outcome), experience)
      for (const { exchanges } of trace.paths) for (const one of exchanges) seen.add(verdictOf(one))
      t.match(formatTrace(trace, { ...CONTEXT, ...PLAIN }), 'RESULT', `${outcome.kind}, ${experience}`)
      t.match(formatTrace(trace, { ...CONTEXT, ...PLAIN, verbose: true }), 'RESULT')
      t.ok(traceToJson(trace, CONTEXT))
    }
  }
  for (const end of ALL_ENDS) {
    for (const experience of ALL_EXPERIENCES) {
      const trace = traceOf(journeyTo({ kind: 'ended', machine: 'node-1', end }), experience)
      for (const { exchanges } of trace.paths) for (const one of exchanges) seen.add(verdictOf(one))
    }
  }
  t.strictSame([...seen].sort(), [...VERDICTS].sort(), 'every verdict is come to')
})

t.test('a rule that nobody made for an object is named with its text', async t => {
  const rule: Rule = { matches: [{ on: 'src', in: parsePrefix('10.244.1.0/24') }], target: { do: 'drop' } }
  const end = { kind: 'dropped by rule', why: 'dropped' } as const
  const trace = traceOf(journeyTo({ kind: 'ended', machine: 'node-1', end }, [ruleStep(rule, 'drop', SYN)]), 'timeout')
  const [path] = trace.paths
  if (!path) throw new Error('no path')
  t.match(reasonOf(path, trace, CONTEXT).why, 'filter:MINE:3 on node-1 drops')
  t.match(reasonOf(path, trace, CONTEXT).why, '-A MINE -s 10.244.1.0/24 -j DROP')
})

const comment = (text: string): Rule => ({ matches: [{ on: 'comment', text }] })

// biome-ignore format: one case, one row
const OBJECTS: readonly (readonly [chain: string, rule: Rule, object: string | undefined])[] = [
  ['KUBE-SERVICES', comment('shop/web:http cluster IP'),                                    'Service shop/web port http'],
  ['KUBE-SERVICES', comment('shop/web has no endpoints'),                                   'Service shop/web'],
  ['KUBE-EXT-X',    comment('masquerade traffic for shop/web:http external destinations'),  'Service shop/web port http'],
  ['KUBE-SVC-X',    comment('shop/web:http -> 10.244.1.2:8080'),                            'Service shop/web port http'],
  ['KUBE-SERVICES', comment('kubernetes service portals'),                                  undefined],
  ['KUBE-SERVICES', comment('kubernetes service nodeports; NOTE: this must be the last rule in this chain'), undefined],
  ['INPUT',         comment('see docs/firewall for this'),                                  undefined],
  ['MINE',          { matches: [], origin: { kind: 'Pod', namespace: 'shop', name: 'a' } }, 'Pod shop/a'],
]

for (const [chain, rule, object] of OBJECTS) {
  t.test(`a rule of ${chain} with "${JSON.stringify(rule)}" is for ${object ?? 'no object'}`, async t => {
    const found = objectOf({ chain, rule }, CONTEXT)
    t.equal(found && formatObject(found), object)
  })
}

t.test('with objects, chain names without comments are explained by their digests', async t => {
  const { context, trace } = told(CASES[0] ?? { file: '', cluster: '', from: '', to: '' })
  const explained = new Set<string>()
  for (const { exchanges } of trace.paths) {
    for (const step of exchanges.flatMap(({ request }) => request.hops.flatMap(({ steps }) => steps))) {
      if (step.component !== 'netfilter' || step.step.kind !== 'rule') continue
      const { chain, rule } = step.step
      const { origin: _, ...bare } = { ...rule, matches: rule.matches.filter(({ on }) => on !== 'comment') }
      const found = objectOf({ chain, rule: bare }, context)
      if (found) explained.add(`${chain.slice(0, 9)} ${formatObject(found)}`)
    }
  }
  const service = 'Service guestbook/redis-follower port redis'
  t.strictSame([...explained].sort(), [`KUBE-SEP- ${service}`, `KUBE-SERV ${service}`, `KUBE-SVC- ${service}`])
})

// biome-ignore format: one case, one row
const WRITERS: readonly (readonly [chain: string, jump: string | undefined, writer: string | undefined])[] = [
  ['KUBE-SERVICES',   undefined,         'kube-proxy'],
  ['KUBE-FIREWALL',   undefined,         'kubelet'],
  ['KUBE-POD-FW-ABC', undefined,         'kube-router'],
  ['FORWARD',         'DOCKER-USER',     'Docker'],
  ['FORWARD',         'cali-FORWARD',    'Calico'],
  ['FLANNEL-FWD',     undefined,         'flannel'],
  ['FORWARD',         undefined,         undefined],
]

for (const [chain, jump, writer] of WRITERS) {
  t.test(
    `a rule of ${chain}${jump === undefined ? '' : ` that jumps to ${jump}`} is by ${writer ?? 'nobody known'}`,
    async t => {
      t.equal(
        writerOf({
          chain,
          rule: { matches: [], ...(jump === undefined ? {} : { target: { do: 'jump', chain: jump } }) },
        }),
        writer,
      )
    },
  )
}

// biome-ignore format: one case, one row
const CONDITIONS: readonly (readonly [matches: Rule['matches'], said: string])[] = [
  [[],                                                                       'any packet'],
  [[{ on: 'comment', text: 'words' }],                                       'any packet'],
  [[{ on: 'src', in: parsePrefix('10.244.0.0/16'), not: true }],             'not from 10.244.0.0/16'],
  [[{ on: 'mark', is: 0x4000, mask: 0x4000, not: true }],                    'mark 0x4000 not set'],
  [[{ on: 'mark', is: -0x80000000, mask: -1 }],                              'mark 0x80000000'],
  [[{ on: 'mark', is: 1, mask: 3, not: true }],                              'mark not 0x1/0x3'],
  [[{ on: 'in', device: 'cbr0' }, { on: 'proto', is: 6 }],                   'in by cbr0 tcp'],
  [[{ on: 'conntrack', state: { in: ['NEW', 'RELATED'] } }],                 'NEW,RELATED'],
  [[{ on: 'addrtype', dst: { in: ['LOCAL'], not: true } }],                  'not to an address of type LOCAL'],
  [[{ on: 'length', from: 1, to: 2 }],                                       '-m length --length 1:2'],
]

for (const [matches, said] of CONDITIONS) {
  t.test(`conditions are said as "${said}"`, async t => {
    t.equal(formatConditions({ matches }), said)
  })
}

// biome-ignore format: one case, one row
const CHAINS: readonly (readonly [chain: string, short: string])[] = [
  ['KUBE-SVC-67NZLRHBNDSAWJRO',     'KUBE-SVC-67NZ…'],
  ['CNI-DN-67e92b96e692a494b6b85',  'CNI-DN-67e9…'],
  ['KUBE-SERVICES',                 'KUBE-SERVICES'],
  ['KUBE-EXTERNAL-SERVICES',        'KUBE-EXTERNAL-SERVICES'],
  ['FLANNEL-POSTRTG',               'FLANNEL-POSTRTG'],
]

for (const [chain, short] of CHAINS)
  t.test(`${chain} is ${short} for short`, async t => t.equal(shortChain(chain), short))

t.test('flows that came through have a warning only where there is something to know', async t => {
  const quiet = CASES.filter(one => ['service-other-node', 'pod-to-pod-ping', 'many-endpoints'].includes(one.file))
  t.equal(quiet.length, 3)
  for (const one of quiet) {
    const { trace, context } = told(one)
    t.strictSame(warningsOf(trace, context), [], one.file)
  }
})

/** A rule before all others of FORWARD on node-1. */
function withRule(rule: Rule): Case {
  const [first] = CASES
  return { ...(first as Case), file: 'with a rule', hosts: foreign(rule) }
}

// biome-ignore format: one case, one row
const UNFOLLOWED: readonly (readonly [target: Rule['target'], warned: RegExp | undefined])[] = [
  [{ do: 'extension', name: 'TCPMSS', options: [{ name: 'clamp-mss-to-pmtu', words: [] }] }, /on node-1: the MSS is clamped to the path MTU, which is not followed/],
  [{ do: 'extension', name: 'TEE', options: [{ name: 'gateway', words: ['10.0.0.9'] }] },    /on node-1: a copy goes to 10\.0\.0\.9, which is not followed/],
  [{ do: 'extension', name: 'TCPMSS', options: [{ name: 'set-mss', words: ['1000'] }] },     undefined],
]
for (const [target, warned] of UNFOLLOWED) {
  t.test(`${JSON.stringify(target)} is ${warned ? 'told' : 'not told'} as something that is not followed`, async t => {
    const { trace, context } = told(withRule({ matches: [], ...(target ? { target } : {}) }))
    const warnings = warningsOf(trace, context)
    if (warned) t.match(warnings.join('\n'), warned)
    else t.strictSame(warnings, [])
  })
}

t.test('a port that nothing declares is said to be taken for closed', async t => {
  const [first] = CASES
  const { trace, context } = told({ ...(first as Case), to: 'deploy/redis-follower:9' })
  const taken = /podwire takes it for closed because no manifest declares it; `containerPort` is not required/
  t.match(formatTrace(trace, { ...context, verbose: false, colour: false, unicode: true, width: 400 }), taken)
  t.match(warningsOf(trace, context).join(), taken)
})
