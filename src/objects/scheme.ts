/**
 * What podwire knows of each kind: its fields, defaults, rules and warnings.
 *
 * @module
 */
import type { Finding } from './finding.ts'
import type { KubeObject } from './meta.ts'

/** What the API server does to one kind of object on its way in. */
export interface Definition {
  /** The struct in `schema.ts`. */
  readonly struct: string
  readonly setDefaults?: (object: KubeObject) => KubeObject
  readonly validate?: (object: KubeObject) => Iterable<Finding>
  readonly warn?: (object: KubeObject) => Iterable<string>
}

const DEFINITIONS: Readonly<Record<string, Definition>> = Object.fromEntries(
  [
    'Service',
    'EndpointSlice',
    'Endpoints',
    'Node',
    'Namespace',
    'Pod',
    'ConfigMap',
    'Secret',
    'ServiceAccount',
    'NetworkPolicy',
    'Deployment',
    'ReplicaSet',
    'ReplicationController',
    'StatefulSet',
    'DaemonSet',
    'Job',
    'CronJob',
    'HorizontalPodAutoscaler',
    'Ingress',
  ].map(struct => [struct, { struct }] as const),
)

/** What is known of the kind, if its objects are decoded at all. */
export function findDefinition(kind: string): Definition | undefined {
  return Object.hasOwn(DEFINITIONS, kind) ? DEFINITIONS[kind] : undefined
}
