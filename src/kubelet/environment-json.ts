/**
 * Environments as JSON: the form that `schema/env.schema.json` describes.
 *
 * Version 1: members may be added, none change or go.
 *
 * @module
 */
import type { Pod } from '../objects/pod.ts'
import type { PodContainer } from './declared-variable.ts'
import type { Environment } from './environment.ts'
import { MAX_TOTAL } from './environment-size.ts'
import { formatOrigin, type Origin, type Remark, shownValue, type Variable } from './variable.ts'

const JSON_VERSION = 1

/** What `JSON.stringify` takes as it is. */
type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** A container with its environment. */
export interface ContainerEnvironment extends PodContainer {
  readonly environment: Environment
}

/** @param secrets whether values of Secrets are told; otherwise a mask stands for them */
export function environmentsToJson(pod: Pod, containers: readonly ContainerEnvironment[], secrets: boolean): Json {
  return {
    version: JSON_VERSION,
    pod: { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, node: pod.spec.nodeName || null },
    containers: containers.map(one => containerToJson(one, secrets)),
  }
}

function containerToJson({ container, role, environment }: ContainerEnvironment, secrets: boolean): Json {
  const { variables, obstacles, warnings, notes, size } = environment
  return {
    name: container.name,
    role,
    starts: obstacles.length === 0,
    variables: variables.map(variable => variableToJson(variable, secrets)),
    obstacles: obstacles.map(remarkToJson),
    warnings: warnings.map(remarkToJson),
    notes: notes.map(remarkToJson),
    size: { bytes: size.bytes, ofServices: size.ofServices, most: MAX_TOTAL },
  }
}

function variableToJson(variable: Variable, secrets: boolean): Json {
  const { name, unknown, masked, declared, origin, replaces } = variable
  return {
    name,
    value: (secrets ? variable.value : shownValue(variable)) ?? null,
    ...(unknown === undefined ? {} : { unknown }),
    secret: masked !== undefined,
    ...(declared === undefined ? {} : { declared }),
    origin: originToJson(origin),
    replaces: replaces.map(one => {
      return { value: (secrets ? one.value : shownValue(one)) ?? null, origin: originToJson(one.origin) }
    }),
  }
}

/** The members that the source has, without those that say nothing. */
function originToJson(origin: Origin): Json {
  const { place, source } = origin
  const members = Object.entries(source).map(([name, value]) => [name, typeof value === 'number' ? `${value}` : value])
  return { ...(place === undefined ? {} : { place }), ...Object.fromEntries(members), text: formatOrigin(origin) }
}

function remarkToJson({ code, variable, message }: Remark): Json {
  return { code, ...(variable === undefined ? {} : { variable }), message }
}
