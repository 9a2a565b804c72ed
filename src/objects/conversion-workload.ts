/**
 * Former versions of the kinds that keep Pods running.
 *
 * @module
 */
import { changePlain, isPlain, type Plain } from './plain.ts'

/** What the former versions meant by no limit. */
const UNLIMITED = 2 ** 31 - 1

/** @see SetDefaults_Deployment in pkg/apis/extensions/v1beta1/defaults.go of Kubernetes 1.15 */
export const EXTENSIONS_DEPLOYMENT: Plain = {
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
  revisionHistoryLimit: UNLIMITED,
  progressDeadlineSeconds: UNLIMITED,
}

/** @see SetDefaults_Deployment in pkg/apis/apps/v1beta1/defaults.go of Kubernetes 1.15 */
export const V1BETA1_DEPLOYMENT: Plain = { revisionHistoryLimit: 2 }

/** Fields that went without a successor. */
const GONE = ['rollbackTo', 'templateGeneration']

/** Takes selector and labels from the template's labels, and `defaults` for fields of the spec. */
export function convertWorkload(object: Plain, defaults: Plain): Plain {
  const labels = templateLabels(object)
  const changed = changePlain(object, 'spec', spec => {
    const kept = Object.fromEntries(
      Object.entries(spec).filter(([field, value]) => value !== null && !GONE.includes(field)),
    )
    const merged: Plain = { ...defaults, ...kept }
    const strategy = mergeStrategy(defaults['strategy'], merged['strategy'])
    const selector = merged['selector'] ?? (labels === undefined ? undefined : { matchLabels: labels })
    return { ...merged, ...(strategy !== undefined && { strategy }), ...(selector !== undefined && { selector }) }
  })
  return labels === undefined ? changed : withLabels(changed, labels)
}

/** @see SetDefaults_StatefulSet in pkg/apis/apps/v1beta1/defaults.go of Kubernetes 1.15 */
export function convertStatefulSet(object: Plain): Plain {
  return convertWorkload(object, { updateStrategy: { type: 'OnDelete' } })
}

/** A rolling update keeps the former defaults for the numbers that it does not give. */
function mergeStrategy(defaults: unknown, given: unknown): Plain | undefined {
  if (!isPlain(defaults) || !isPlain(given)) return undefined
  const type = given['type'] ?? 'RollingUpdate'
  if (type !== 'RollingUpdate') return given
  const numbers = isPlain(given['rollingUpdate']) ? given['rollingUpdate'] : {}
  const rollingUpdate = isPlain(defaults['rollingUpdate']) ? { ...defaults['rollingUpdate'], ...numbers } : numbers
  return { ...given, type, rollingUpdate }
}

function templateLabels(object: Plain): Plain | undefined {
  let value: unknown = object
  for (const field of ['spec', 'template', 'metadata', 'labels']) value = isPlain(value) ? value[field] : undefined
  return isPlain(value) && Object.keys(value).length > 0 ? value : undefined
}

function withLabels(object: Plain, labels: Plain): Plain {
  return changePlain(object, 'metadata', metadata => {
    const own = metadata['labels']
    return own === undefined || own === null || (isPlain(own) && Object.keys(own).length === 0)
      ? { ...metadata, labels }
      : metadata
  })
}
