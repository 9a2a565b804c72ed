/**
 * A variable of a container, and where its value is from.
 *
 * @module
 */
import type { ValueSource } from './declared-variable.ts'

/** Where a value is from. */
export interface Origin {
  /** The entry that declares it: `env[3]`, `envFrom[0]`; absent for what kubelet adds. */
  readonly place?: string
  readonly source: { readonly from: 'text' } | ValueSource | ServiceSource
}

export interface ServiceSource {
  readonly from: 'Service'
  readonly namespace: string
  readonly name: string
}

export interface Variable {
  readonly name: string
  /** Absent: nobody can say it yet; `unknown` says why. */
  readonly value?: string
  readonly unknown?: string
  /** The value with {@link MASK} for what is a Secret's; absent: nothing of it is. */
  readonly masked?: string
  /** What was declared, where references in it were replaced. */
  readonly declared?: string
  readonly origin: Origin
  /** What has the same name and gave way, the strongest first. */
  readonly replaces: readonly Variable[]
}

/** Stands for the value of a Secret. */
export const MASK = '******'

/** Something that a person should know of an environment. */
export interface Remark {
  readonly code:
    | 'CreateContainerConfigError'
    | 'ArgumentListTooLong'
    | 'EnvironmentNearLimit'
    | 'InvalidEnvironmentVariableNames'
    | 'InvalidValue'
    | 'ReferenceLeft'
    | 'NotExpanded'
    | 'ServiceVariableReplaced'
    | 'ServiceVariableInTheWay'
    | 'ServicesCollide'
    | 'ServiceYounger'
    | 'ServiceUndated'
    | 'SourceReplaced'
    | 'ValueUnknown'
    | 'PodLimits'
  /** The variable that it is about, if it is one. */
  readonly variable?: string
  readonly message: string
}

/** `env[1], Secret db, key password`; `Service default/kubernetes` */
export function formatOrigin({ place, source }: Origin): string {
  const what = formatSource(source)
  return [place, what].filter(part => part !== undefined && part !== '').join(', ')
}

function formatSource(source: Origin['source']): string {
  switch (source.from) {
    case 'text':
      return ''
    case 'field':
      return `field ${source.path}`
    case 'resource':
      return `${source.resource}${source.container === undefined ? '' : ` of container ${source.container}`}`
    case 'ConfigMap':
    case 'Secret':
      return `${source.from} ${source.name}, key ${source.key}`
    case 'file':
      return `file ${source.path} in volume ${source.volume}, key ${source.key}`
    case 'unknown':
      return source.field
    case 'Service':
      return `Service ${source.namespace}/${source.name}`
  }
}

/** Whether a Service gave it, not the container's author. */
export function isServiceVariable({ origin }: Variable): boolean {
  return origin.source.from === 'Service'
}

/** The value as it may be shown to anybody; absent where it is not known. */
export function shownValue({ value, masked }: Variable): string | undefined {
  return masked ?? value
}
