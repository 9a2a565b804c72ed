/**
 * What the API server warns about in Pods and in templates of Pods.
 *
 * @see pkg/api/pod/warnings.go of Kubernetes
 *
 * @module
 */
import { at, type Field, formatField, ROOT } from './field.ts'
import { numberIn, objectIn, objectsIn, type Plain, textIn } from './plain.ts'

export function* warnAboutPod(pod: Plain): Generator<string> {
  yield* warnAboutSpec(objectIn(pod, 'spec') ?? {}, at(ROOT, 'spec'))
}

/** For workloads with their template in `spec.template`. */
export function* warnAboutTemplate(workload: Plain): Generator<string> {
  const template = objectIn(objectIn(workload, 'spec') ?? {}, 'template') ?? {}
  yield* warnAboutSpec(objectIn(template, 'spec') ?? {}, at(ROOT, 'spec', 'template', 'spec'))
}

/** For CronJobs, whose template is one level deeper. */
export function* warnAboutJobTemplate(job: Plain): Generator<string> {
  const template = objectIn(objectIn(job, 'spec') ?? {}, 'jobTemplate') ?? {}
  const inner = objectIn(objectIn(template, 'spec') ?? {}, 'template') ?? {}
  const field = at(ROOT, 'spec', 'jobTemplate', 'spec', 'template', 'spec')
  yield* warnAboutSpec(objectIn(inner, 'spec') ?? {}, field)
}

function* warnAboutSpec(spec: Plain, field: Field): Generator<string> {
  yield* warnAboutNodeLabels(spec, at(field, 'nodeSelector'))
  yield* warnAboutHostAliases(spec, at(field, 'hostAliases'))
  for (const list of ['initContainers', 'containers']) {
    for (const [index, container] of objectsIn(spec, list).entries()) {
      yield* warnAboutVariables(container, at(field, list, index, 'env'))
    }
  }
  yield* warnAboutPorts(spec, field)
}

const FORMER_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
}

function* warnAboutNodeLabels(spec: Plain, field: Field): Generator<string> {
  for (const key of Object.keys(objectIn(spec, 'nodeSelector') ?? {})) {
    if (Object.hasOwn(FORMER_LABELS, key)) yield `${formatField(field)}[${key}]: ${FORMER_LABELS[key]}`
  }
}

function* warnAboutHostAliases(spec: Plain, field: Field): Generator<string> {
  const seen = new Map<string, number>()
  for (const [index, alias] of objectsIn(spec, 'hostAliases').entries()) {
    const ip = textIn(alias, 'ip')
    if (seen.has(ip)) yield `${formatField(at(field, index, 'ip'))}: duplicate ip ${JSON.stringify(ip)}`
    seen.set(ip, index)
  }
}

function* warnAboutVariables(container: Plain, field: Field): Generator<string> {
  const seen = new Set<string>()
  for (const [index, variable] of objectsIn(container, 'env').entries()) {
    const name = textIn(variable, 'name')
    // A variable may build upon the one that it hides.
    const extends_ = textIn(variable, 'value').includes(`$(${name})`)
    if (seen.has(name) && !extends_) {
      const hides = `hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`
      yield `${formatField(at(field, index))}: ${hides}`
    }
    seen.add(name)
  }
}

/** Two entries for one port of the Pod: the second means nothing. */
function* warnAboutPorts(spec: Plain, field: Field): Generator<string> {
  const seen = new Map<string, string>()
  for (const [index, container] of objectsIn(spec, 'containers').entries()) {
    for (const [i, port] of objectsIn(container, 'ports').entries()) {
      const place = formatField(at(field, 'containers', index, 'ports', i))
      const key = `${textIn(port, 'protocol')}/${numberIn(port, 'containerPort')}/${numberIn(port, 'hostPort')}/${textIn(port, 'hostIP')}`
      const before = seen.get(key)
      if (before !== undefined) yield `${place}: duplicate port definition with ${before}`
      else seen.set(key, place)
    }
  }
}
