/**
 * Traps of an environment that starts all the same.
 *
 * @module
 */

import { objectIn } from '../objects/plain.ts'
import type { Container, Pod } from '../objects/pod.ts'
import { declaredVariables } from './declared-variable.ts'
import { type EnvironmentSize, sizeWarnings } from './environment-size.ts'
import { referencesIn } from './expansion.ts'
import { variableWord } from './service-variables.ts'
import {
  formatOrigin,
  isServiceVariable,
  type Remark,
  type ServiceSource,
  shownValue,
  type Variable,
} from './variable.ts'

/** What a person who reads the variables may not expect of them. */
export function environmentWarnings(
  variables: readonly Variable[],
  pod: Pod,
  container: Container,
  size: EnvironmentSize,
): readonly Remark[] {
  return [
    ...servicesReplaced(variables),
    ...servicesInTheWay(variables, container),
    ...servicesColliding(variables),
    ...sourcesReplaced(variables),
    ...notExpanded(variables),
    ...podLimits(pod, container),
    ...sizeWarnings(variables, size),
  ]
}

/** The container has its way; who looks for the Service's address there does not find it. */
function servicesReplaced(variables: readonly Variable[]): Remark[] {
  return variables.flatMap((variable): Remark[] => {
    const service = isServiceVariable(variable) ? undefined : variable.replaces.find(isServiceVariable)
    if (!service || service.value === variable.value) return []
    const { name, origin } = variable
    const own = variable.masked === undefined ? ` ${quoted(variable.value)}` : ''
    const message = `${name}: the container's own${own} (${formatOrigin(origin)}) stands; ${formatOrigin(service.origin)} would have given ${service.value}`
    return [{ code: 'ServiceVariableReplaced', variable: name, message }]
  })
}

function quoted(text: string | undefined): string {
  return text === undefined ? 'value' : JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}

/**
 * A program that reads `REDIS_PORT` as a number meets `tcp://10.96.0.5:6379`. That it does is likely where the
 * container sets other variables of that prefix, such as `REDIS_HOST`, or runs an image of the Service's name.
 */
function servicesInTheWay(variables: readonly Variable[], container: Container): Remark[] {
  const own = variables.filter(variable => !isServiceVariable(variable)).map(({ name }) => name)
  const image = variableWord(imageName(container.image ?? ''))
  return variables.flatMap((variable): Remark[] => {
    const { source } = variable.origin
    if (source.from !== 'Service' || variable.name !== `${variableWord(source.name)}_PORT`) return []
    const prefix = variableWord(source.name)
    const sibling = own.find(name => name.startsWith(`${prefix}_`))
    const why =
      sibling !== undefined
        ? `the container sets ${sibling}`
        : image === prefix
          ? `the image is ${container.image}`
          : ''
    if (why === '') return []
    const message = `${variable.name} is ${variable.value}, of ${formatOrigin(variable.origin)}; ${why}: a program that reads ${variable.name} as a number fails. Set it, or enableServiceLinks: false`
    return [{ code: 'ServiceVariableInTheWay', variable: variable.name, message }]
  })
}

/** `redis` of `registry.example:5000/bitnami/redis:7@sha256:…` */
function imageName(image: string): string {
  return (image.split('/').at(-1) ?? '').replace(/[:@].*$/s, '')
}

/** Two Services that give one variable: `WEB_SERVICE_PORT` is the port of `web`, and where `web-service` is. */
function servicesColliding(variables: readonly Variable[]): Remark[] {
  const told = new Set<string>()
  // There are many variables, and few of them twice.
  const twice = variables.filter(({ replaces }) => replaces.length > 0)
  return twice.flatMap((variable): Remark[] => {
    const [first, second] = [variable, ...variable.replaces].flatMap(({ origin: { source } }): ServiceSource[] =>
      source.from === 'Service' ? [source] : [],
    )
    if (!first || !second || first.name === second.name) return []
    const pair = `${first.name} ${second.name}`
    if (told.has(pair)) return []
    told.add(pair)
    const message = `Services ${second.namespace}/${second.name} and ${first.namespace}/${first.name} both give ${variable.name}; which of them stands is a matter of chance, here it is that of ${first.name}`
    return [{ code: 'ServicesCollide', variable: variable.name, message }]
  })
}

/** A key that two objects of `envFrom` have, or a variable that is declared twice. */
function sourcesReplaced(variables: readonly Variable[]): Remark[] {
  return variables.flatMap((variable): Remark[] => {
    const { name, origin, declared = '' } = variable
    const previous = variable.replaces[0]
    if (!previous || isServiceVariable(previous) || listOf(origin.place) !== listOf(previous.origin.place)) return []
    // What builds upon the former value means to take its place.
    if (previous.value === variable.value || referencesIn(declared).includes(name)) return []
    const message = `${name}: ${formatOrigin(origin)} stands, not ${formatOrigin(previous.origin)}`
    return [{ code: 'SourceReplaced', variable: name, message }]
  })
}

/** `env` of `env[3]` */
function listOf(place = ''): string {
  return place.replace(/\[.*$/, '')
}

/** Text from ConfigMaps and Secrets is taken as it is, also where it looks like a reference. */
function notExpanded(variables: readonly Variable[]): Remark[] {
  const fetched = variables.filter(({ origin: { source } }) => source.from === 'ConfigMap' || source.from === 'Secret')
  const names = new Set(fetched.length > 0 ? variables.map(({ name }) => name) : [])
  return fetched.flatMap((variable): Remark[] => {
    const { name, value = '', origin } = variable
    const reference = referencesIn(value).find(one => names.has(one))
    if (reference === undefined) return []
    const shown = shownValue(variable) === value ? `$(${reference})` : 'a reference'
    const message = `${name}: ${shown} stays as it is: values of a ${origin.source.from} are not expanded`
    return [{ code: 'NotExpanded', variable: name, message }]
  })
}

/** Limits of the pod as a whole are young; which kubelets tell containers of them is not settled. */
function podLimits({ spec }: Pod, container: Container): Remark[] {
  const limits = objectIn(objectIn(spec, 'resources') ?? {}, 'limits') ?? {}
  return declaredVariables(container).flatMap(({ name, source }): Remark[] => {
    if (source?.from !== 'resource' || source.container !== undefined) return []
    const resource = source.resource.replace(/^limits\./, '')
    if (resource === source.resource || limits[resource] === undefined) return []
    if (container.resources?.limits?.[resource] !== undefined) return []
    const message = `${name}: the pod has a ${source.resource} of its own; told here is the node's allocatable amount, which a kubelet may replace by the pod's`
    return [{ code: 'PodLimits', variable: name, message }]
  })
}
