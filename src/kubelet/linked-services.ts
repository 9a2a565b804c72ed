/**
 * Of which Services a container was told when it started: later ones come too late for it.
 *
 * @module
 */
import type { Millis } from '../base/clock.ts'
import { keyOf } from '../objects/meta.ts'
import { isPlain, objectIn, objectsIn, type Plain } from '../objects/plain.ts'
import type { Container, Pod } from '../objects/pod.ts'
import type { Service } from '../objects/service.ts'
import { isMasterService, serviceVariables, visibleServices } from './service-variables.ts'
import type { Remark, Variable } from './variable.ts'

/** The Services, and the order in which they and the containers came, as far as it is known. */
export interface KnownServices {
  /** At least those of the pod's namespace and of `default`. */
  readonly services: Iterable<Service>
  readonly createdAt: (service: Service) => Millis | undefined
  readonly startedAt: (container: Container) => Millis | undefined
}

export interface LinkedServices {
  /** By their names, in the order in which kubelet is taken to add them. */
  readonly variables: ReadonlyMap<string, Variable>
  readonly notes: readonly Remark[]
}

/**
 * The variables of the Services that the container was told of.
 *
 * Where it is not known when the container started, it was told of all; a Service of unknown age is taken to be older.
 */
export function linkedServices(pod: Pod, container: Container, known: KnownServices): LinkedServices {
  const { services, createdAt, startedAt } = known
  const { namespace = 'default' } = pod.metadata
  const visible = visibleServices(services, namespace, pod.spec.enableServiceLinks !== false)
  const start = startedAt(container)
  const isYounger = (service: Service) =>
    start !== undefined && !isMasterService(service) && (createdAt(service) ?? -Infinity) > start
  const variables = new Map<string, Variable>()
  for (const service of visible) if (!isYounger(service)) addVariables(service, variables)
  const notes = [
    ...about(
      'ServiceYounger',
      visible.filter(isYounger),
      'made after the container started, which learns of them when it starts anew',
    ),
    ...(start === undefined || visible.every(service => isMasterService(service) || createdAt(service) !== undefined)
      ? []
      : about(
          'ServiceUndated',
          visible.filter(service => !isMasterService(service) && createdAt(service) === undefined),
          'without creationTimestamp, taken to be older than the container',
        )),
  ]
  return { variables, notes }
}

/** Of two Services whose names make one variable, the later stands. */
function addVariables(service: Service, variables: Map<string, Variable>): void {
  const { name: own, namespace = '' } = service.metadata
  for (const { name, value } of serviceVariables(service)) {
    const previous = variables.get(name)
    const replaces = previous ? [previous, ...previous.replaces] : []
    variables.set(name, { name, value, origin: { source: { from: 'Service', namespace, name: own } }, replaces })
  }
}

const MOST_NAMED = 5

function about(code: Remark['code'], services: readonly Service[], what: string): readonly Remark[] {
  if (services.length === 0) return []
  const names = services.slice(0, MOST_NAMED).map(({ metadata }) => keyOf(metadata))
  const more = services.length > MOST_NAMED ? ` and ${services.length - MOST_NAMED} more` : ''
  return [{ code, message: `${services.length === 1 ? 'Service' : 'Services'} ${names.join(', ')}${more}: ${what}` }]
}

/**
 * When the container got its environment, as its status says, or else its pod's; nothing where neither does.
 *
 * Variables are made each time when a container starts.
 */
export function startOf({ status }: Pod, { name }: Container): Millis | undefined {
  const lists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses']
  const own = lists.flatMap(list => objectsIn(status ?? {}, list)).find(one => one['name'] === name)
  const state = objectIn(own ?? {}, 'state') ?? {}
  const times = [...['running', 'terminated'].map(kind => timeIn(state[kind])), status?.startTime]
  const text = times.find(time => typeof time === 'string')
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}

function timeIn(state: unknown): string | undefined {
  const time = isPlain(state) ? (state as Plain)['startedAt'] : undefined
  return typeof time === 'string' ? time : undefined
}
