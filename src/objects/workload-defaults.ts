/**
 * Defaults of the kinds whose controllers make Pods.
 *
 * @see pkg/apis/apps/v1/defaults.go, pkg/apis/batch/v1/defaults.go, pkg/apis/core/v1/defaults.go of Kubernetes
 *
 * @module
 */
import { changeEach, changePlain, isPlain, type Plain } from './plain.ts'
import { defaultTemplate } from './pod-defaults.ts'
import { defaultClaim } from './volume-defaults.ts'

const ROLLING = 'RollingUpdate'
const QUARTER: Plain = { maxUnavailable: '25%', maxSurge: '25%' }

export function defaultDeployment(deployment: Plain): Plain {
  return withSpec(deployment, spec => ({
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    ...spec,
    strategy: rolling(spec['strategy'], QUARTER),
  }))
}

export function defaultDaemonSet(set: Plain): Plain {
  return withSpec(set, spec => ({
    revisionHistoryLimit: 10,
    ...spec,
    updateStrategy: rolling(spec['updateStrategy'], { maxUnavailable: 1, maxSurge: 0 }),
  }))
}

export function defaultStatefulSet(set: Plain): Plain {
  return withSpec(set, spec => {
    const retention = isPlain(spec['persistentVolumeClaimRetentionPolicy'])
      ? spec['persistentVolumeClaimRetentionPolicy']
      : {}
    const filled = {
      replicas: 1,
      revisionHistoryLimit: 10,
      podManagementPolicy: 'OrderedReady',
      ...spec,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain', ...retention },
      updateStrategy: rolling(spec['updateStrategy'], { partition: 0 }),
    }
    return changeEach(filled, 'volumeClaimTemplates', claim => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      status: { phase: 'Pending' },
      ...defaultClaim(claim),
    }))
  })
}

export function defaultReplicaSet(set: Plain): Plain {
  return withSpec(set, spec => ({ replicas: 1, ...spec }))
}

/** Alone among its kin it takes selector and labels from the template to this day. */
export function defaultReplicationController(controller: Plain): Plain {
  const defaulted = withSpec(controller, spec => {
    const labels = labelsOf(spec['template'])
    return { replicas: 1, ...(labels !== undefined && { selector: labels }), ...spec }
  })
  return withTemplateLabels(defaulted, defaulted['spec'])
}

export function defaultJob(job: Plain): Plain {
  const defaulted = withSpec(job, spec => {
    const counted = spec['completions'] === undefined && spec['parallelism'] === undefined ? { completions: 1 } : {}
    return {
      ...counted,
      parallelism: 1,
      backoffLimit: spec['backoffLimitPerIndex'] === undefined ? 6 : 2 ** 31 - 1,
      completionMode: 'NonIndexed',
      suspend: false,
      manualSelector: false,
      podReplacementPolicy: spec['podFailurePolicy'] === undefined ? 'TerminatingOrFailed' : 'Failed',
      ...spec,
    }
  })
  return withTemplateLabels(defaulted, defaulted['spec'])
}

export function defaultCronJob(job: Plain): Plain {
  return changePlain({ spec: {}, ...job }, 'spec', spec => {
    const filled = {
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
      ...spec,
    }
    const template = (jobSpec: Plain) => changePlain(jobSpec, 'template', defaultTemplate)
    return changePlain(filled, 'jobTemplate', jobTemplate => changePlain(jobTemplate, 'spec', template))
  })
}

function withSpec(object: Plain, change: (spec: Plain) => Plain): Plain {
  return changePlain({ spec: {}, ...object }, 'spec', spec => {
    return changePlain(change({ template: {}, ...spec }), 'template', defaultTemplate)
  })
}

/** A strategy without a type is a rolling update, and a rolling update has all its numbers. */
function rolling(strategy: unknown, numbers: Plain): Plain {
  const given: Plain = { type: ROLLING, ...(isPlain(strategy) ? strategy : {}) }
  if (given['type'] !== ROLLING) return given
  return { ...given, rollingUpdate: { ...numbers, ...(isPlain(given['rollingUpdate']) ? given['rollingUpdate'] : {}) } }
}

function labelsOf(template: unknown): Plain | undefined {
  const metadata = isPlain(template) ? template['metadata'] : undefined
  const labels = isPlain(metadata) ? metadata['labels'] : undefined
  return isPlain(labels) ? labels : undefined
}

function withTemplateLabels(object: Plain, spec: unknown): Plain {
  const labels = labelsOf(isPlain(spec) ? spec['template'] : undefined)
  return labels === undefined ? object : changePlain(object, 'metadata', metadata => ({ labels, ...metadata }))
}
