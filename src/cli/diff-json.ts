/**
 * What `podwire diff -o json` prints, as `schema/diff.schema.json` has it.
 *
 * @module
 */
import type { Finding, ModeDiff, NodesSize } from '../cluster/mode-diff.ts'
import type { ModeSize } from '../cluster/mode-size.ts'
import type { Contrast, ModePair } from '../kube-proxy/modes/comparison.ts'

/** @param all whether what would differ for other objects is told too */
export function diffToJson({ release, modes, nodes, sizes, findings, others }: ModeDiff, all: boolean) {
  return {
    version: 1,
    release,
    modes,
    nodes,
    sizes: sizes.map(sizeToJson),
    differences: findings.map(finding => findingToJson(finding, modes)),
    ...(all ? { others: others.map(contrast => contrastToJson(contrast, modes)) } : {}),
  }
}

function sizeToJson({ mode, all, biggest }: NodesSize): {
  readonly mode: string
  readonly all: ModeSize
  readonly biggest?: ModeSize & { readonly node: string }
} {
  return { mode, all, ...(biggest ? { biggest: { node: biggest.node, ...biggest.size } } : {}) }
}

function contrastToJson({ difference: { code, title, about, when }, does, sources }: Contrast, modes: ModePair) {
  return { code, title, about, when, does: { [modes[0]]: does[0], [modes[1]]: does[1] }, sources }
}

function findingToJson(finding: Finding, modes: ModePair) {
  const { nodes, spots } = finding
  const services = spots.map(({ namespace, service, portName, protocol, entry, address, nodes: at }) => {
    return { namespace, service, port: portName, protocol, entry, address, nodes: at }
  })
  return { ...contrastToJson(finding, modes), nodes, services }
}
