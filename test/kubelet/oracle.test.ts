/**
 * What kubelet's own code made of Services, of `$(VAR)` and of resolv.conf inputs.
 *
 * A selection is in `test/fixtures/kubelet`; where the whole collection is beside the checkout, all of it is run.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { parseIp } from '../../src/base/ip.ts'
import { expand } from '../../src/kubelet/expansion.ts'
import { podResolver } from '../../src/kubelet/pod-resolver.ts'
import { readResolvConf } from '../../src/kubelet/resolv-conf.ts'
import { serviceVariables } from '../../src/kubelet/service-variables.ts'
import type { Pod } from '../../src/objects/pod.ts'
import type { Service, ServicePort } from '../../src/objects/service.ts'

interface Cases {
  readonly expansion: readonly {
    readonly input: string
    readonly output: string
    readonly vars: Readonly<Record<string, string>>
  }[]
  readonly resolvConf: readonly ResolverCase[]
  readonly serviceVariables: readonly {
    readonly env: readonly string[] | null
    readonly services:
      | readonly { readonly name: string; readonly clusterIP: string; readonly ports: readonly ServicePort[] }[]
      | null
  }[]
}

interface ResolverCase {
  readonly dnsPolicy: string
  readonly hostNetwork?: boolean
  readonly namespace: string
  readonly dnsConfig?: unknown
  readonly clusterDNS?: readonly string[]
  readonly clusterDomain?: string
  readonly hostResolvConf: string
  readonly nameservers?: readonly string[]
  readonly searches?: readonly string[]
  readonly options?: readonly string[]
  readonly events?: readonly string[]
}

const SHARED = join(process.cwd(), '..', 'shared', 'oracle', 'names', 'cases.yaml')
const COLLECTIONS = [join('test', 'fixtures', 'kubelet', 'names.yaml'), SHARED]

for (const path of COLLECTIONS) {
  if (existsSync(path)) runAll(path, parse(readFileSync(path, 'utf8')) as Cases)
  else t.test(path, { skip: 'the shared oracle is not beside the checkout' }, async () => {})
}

function runAll(path: string, cases: Cases): void {
  t.test(`${path}: variables of Services`, async t => {
    t.ok(cases.serviceVariables.length > 0)
    for (const [index, { env, services }] of cases.serviceVariables.entries()) {
      const made = (services ?? []).flatMap(one => serviceVariables(service(one)))
      t.strictSame(
        made.map(({ name, value }) => `${name}=${value}`),
        env ?? [],
        `case ${index}`,
      )
    }
  })

  t.test(`${path}: $(VAR)`, async t => {
    t.ok(cases.expansion.length > 0)
    for (const { input, output, vars } of cases.expansion) {
      t.equal(
        expand(input, name => (Object.hasOwn(vars, name) ? vars[name] : undefined)),
        output,
        input,
      )
    }
  })

  t.test(`${path}: resolv.conf`, async t => {
    t.ok(cases.resolvConf.length > 0)
    for (const [index, one] of cases.resolvConf.entries()) {
      t.strictSame(resolved(one), wanted(one), `case ${index}`)
    }
  })
}

function service({ name, clusterIP, ports }: { name: string; clusterIP: string; ports: readonly ServicePort[] }) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'a' },
    spec: { clusterIP, ports },
  } as Service
}

function resolved(one: ResolverCase) {
  const { dnsPolicy, hostNetwork = false, dnsConfig, namespace } = one
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', namespace },
    spec: { containers: [], dnsPolicy, hostNetwork, dnsConfig },
  }
  const { conf, events } = podResolver(pod, {
    clusterDns: (one.clusterDNS ?? []).map(parseIp),
    clusterDomain: one.clusterDomain ?? '',
    nodeConf: readResolvConf(one.hostResolvConf).conf,
    nodeFamilies: [4],
  })
  return {
    ...conf,
    options: [...conf.options].sort(),
    events: events.map(({ type, reason, message }) => `${type} ${reason} ${message}`),
  }
}

function wanted({ nameservers = [], searches = [], options = [], events = [] }: ResolverCase) {
  return { nameservers, searches, options, events }
}
