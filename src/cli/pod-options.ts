/**
 * What kubelets know beside the cluster's objects: from the input files and the command line.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { visible } from '../base/visible.ts'
import type { PodGroundOptions } from '../cluster/pod-ground.ts'
import { type ResolvConf, readResolvConf } from '../kubelet/resolv-conf.ts'
import { keyOf } from '../objects/meta.ts'
import type { Pod } from '../objects/pod.ts'
import type { Given, Option } from './command.ts'
import { RefusedInput } from './exit.ts'
import type { Harvest } from './harvest.ts'
import type { Io } from './io.ts'

export const RESOLV_CONF: Option = {
  name: 'resolv-conf',
  value: 'FILE',
  help: 'the resolv.conf of the nodes, which pods see or add to',
  default: 'one that asks their router',
}

export function podGroundOptions(harvest: Harvest): PodGroundOptions {
  return {
    configurations: harvest.settings.map(({ configuration }) => configuration),
    dated: datedObjects(harvest),
  }
}

/** `Service shop/web`, `Pod shop/web-0`: the objects of the input that say when they came. */
function datedObjects({ manifests }: Harvest): ReadonlySet<string> {
  const dated = manifests.filter(({ object }) => {
    return object.kind === 'Pod' ? (object as Pod).status?.startTime : object.metadata.creationTimestamp
  })
  return new Set(dated.map(({ object }) => `${object.kind} ${keyOf(object.metadata)}`))
}

/**
 * The file that `--resolv-conf` names, if it does.
 *
 * @throws {RefusedInput} when it cannot be read, or kubelet could make no pod from it
 */
export async function readNodeConf(given: Given, io: Io): Promise<ResolvConf | undefined> {
  const file = given.text('resolv-conf')
  if (file === undefined) return undefined
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new RefusedInput([`--resolv-conf ${file}: ${cause.message}`])
  })
  const { conf, remarks } = readResolvConf(text)
  const lines = remarks.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`)
  if (remarks.some(({ fatal }) => fatal)) throw new RefusedInput(lines)
  for (const line of lines) io.err(`warning: ${visible(line)}\n`)
  return conf
}
