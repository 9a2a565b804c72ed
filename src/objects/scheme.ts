/**
 * What podwire knows of each kind: its fields, defaults, rules and warnings.
 *
 * @module
 */

import { validateHorizontalPodAutoscaler } from './autoscaler-validation.ts'
import {
  defaultHorizontalPodAutoscaler,
  defaultNamespace,
  defaultNetworkPolicy,
  defaultNode,
  defaultSecret,
} from './cluster-defaults.ts'
import {
  validateConfigMap,
  validateNamed,
  validateNamespace,
  validateNode,
  validateSecret,
} from './cluster-validation.ts'
import { ENDPOINTS_WARNING, validateEndpointSlice, validateEndpoints } from './endpoint-validation.ts'
import type { Finding } from './finding.ts'
import { validateCronJob, validateJob } from './job-validation.ts'
import { validateNetworkPolicy } from './network-policy-validation.ts'
import type { Plain } from './plain.ts'
import { defaultPod } from './pod-defaults.ts'
import { validatePod } from './pod-validation.ts'
import { warnAboutJobTemplate, warnAboutPod, warnAboutTemplate } from './pod-warnings.ts'
import { defaultEndpointSlice, defaultEndpoints, defaultService } from './service-defaults.ts'
import { validateService, warnAboutService } from './service-validation.ts'
import {
  defaultCronJob,
  defaultDaemonSet,
  defaultDeployment,
  defaultJob,
  defaultReplicaSet,
  defaultReplicationController,
  defaultStatefulSet,
} from './workload-defaults.ts'
import {
  validateDaemonSet,
  validateDeployment,
  validateReplicaSet,
  validateReplicationController,
  validateStatefulSet,
} from './workload-validation.ts'

/** What the API server does to one kind of object on its way in. The struct of its name in `schema.ts` decodes it. */
export interface Definition {
  readonly setDefaults?: (object: Plain) => Plain
  readonly validate: (object: Plain) => Iterable<Finding>
  /** What every client of the kind is told. */
  readonly deprecation?: string
  readonly warn?: (object: Plain) => Iterable<string>
}

const DEFINITIONS: Readonly<Record<string, Definition>> = {
  ConfigMap: { validate: validateConfigMap },
  CronJob: { setDefaults: defaultCronJob, validate: validateCronJob, warn: warnAboutJobTemplate },
  DaemonSet: { setDefaults: defaultDaemonSet, validate: validateDaemonSet, warn: warnAboutTemplate },
  Deployment: { setDefaults: defaultDeployment, validate: validateDeployment, warn: warnAboutTemplate },
  EndpointSlice: { setDefaults: defaultEndpointSlice, validate: validateEndpointSlice },
  Endpoints: { setDefaults: defaultEndpoints, validate: validateEndpoints, deprecation: ENDPOINTS_WARNING },
  HorizontalPodAutoscaler: { setDefaults: defaultHorizontalPodAutoscaler, validate: validateHorizontalPodAutoscaler },
  Ingress: { validate: validateNamed },
  Job: { setDefaults: defaultJob, validate: validateJob, warn: warnAboutTemplate },
  Namespace: { setDefaults: defaultNamespace, validate: validateNamespace },
  NetworkPolicy: { setDefaults: defaultNetworkPolicy, validate: validateNetworkPolicy },
  Node: { setDefaults: defaultNode, validate: validateNode },
  Pod: { setDefaults: defaultPod, validate: validatePod, warn: warnAboutPod },
  ReplicaSet: { setDefaults: defaultReplicaSet, validate: validateReplicaSet, warn: warnAboutTemplate },
  ReplicationController: {
    setDefaults: defaultReplicationController,
    validate: validateReplicationController,
    warn: warnAboutTemplate,
  },
  Secret: { setDefaults: defaultSecret, validate: validateSecret },
  Service: { setDefaults: defaultService, validate: validateService, warn: warnAboutService },
  ServiceAccount: { validate: validateNamed },
  StatefulSet: { setDefaults: defaultStatefulSet, validate: validateStatefulSet, warn: warnAboutTemplate },
}

/** What is known of the kind, if its objects are decoded at all. */
export function findDefinition(kind: string): Definition | undefined {
  return Object.hasOwn(DEFINITIONS, kind) ? DEFINITIONS[kind] : undefined
}
