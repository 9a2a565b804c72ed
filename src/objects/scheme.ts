/**
 * What podwire knows of each kind: its fields, defaults, rules and warnings.
 *
 * @module
 */
import {
  defaultHorizontalPodAutoscaler,
  defaultNamespace,
  defaultNetworkPolicy,
  defaultNode,
  defaultSecret,
} from './cluster-defaults.ts'
import type { Finding } from './finding.ts'
import type { KubeObject } from './meta.ts'
import type { Plain } from './plain.ts'
import { defaultPod } from './pod-defaults.ts'
import { defaultEndpointSlice, defaultEndpoints, defaultService } from './service-defaults.ts'
import {
  defaultCronJob,
  defaultDaemonSet,
  defaultDeployment,
  defaultJob,
  defaultReplicaSet,
  defaultReplicationController,
  defaultStatefulSet,
} from './workload-defaults.ts'

/** What the API server does to one kind of object on its way in. The struct of its name in `schema.ts` decodes it. */
export interface Definition {
  readonly setDefaults?: (object: Plain) => Plain
  readonly validate?: (object: KubeObject) => Iterable<Finding>
  readonly warn?: (object: KubeObject) => Iterable<string>
}

const DEFINITIONS: Readonly<Record<string, Definition>> = {
  ConfigMap: {},
  CronJob: { setDefaults: defaultCronJob },
  DaemonSet: { setDefaults: defaultDaemonSet },
  Deployment: { setDefaults: defaultDeployment },
  EndpointSlice: { setDefaults: defaultEndpointSlice },
  Endpoints: { setDefaults: defaultEndpoints },
  HorizontalPodAutoscaler: { setDefaults: defaultHorizontalPodAutoscaler },
  Ingress: {},
  Job: { setDefaults: defaultJob },
  Namespace: { setDefaults: defaultNamespace },
  NetworkPolicy: { setDefaults: defaultNetworkPolicy },
  Node: { setDefaults: defaultNode },
  Pod: { setDefaults: defaultPod },
  ReplicaSet: { setDefaults: defaultReplicaSet },
  ReplicationController: { setDefaults: defaultReplicationController },
  Secret: { setDefaults: defaultSecret },
  Service: { setDefaults: defaultService },
  ServiceAccount: {},
  StatefulSet: { setDefaults: defaultStatefulSet },
}

/** What is known of the kind, if its objects are decoded at all. */
export function findDefinition(kind: string): Definition | undefined {
  return Object.hasOwn(DEFINITIONS, kind) ? DEFINITIONS[kind] : undefined
}
