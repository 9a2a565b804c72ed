/**
 * A report as JSON: the form that `schema/agreement.schema.json` describes.
 *
 * Version 1: members may be added, none change or go.
 *
 * @module
 */
import { formatRatio, toNumber } from '../base/ratio.ts'
import type { Json } from '../trace/json-value.ts'
import type { Difference } from './agreement.ts'
import { EXCLUDED } from './excluded.ts'
import { type FlowReport, type FrequencyReport, isAgreed, type Report, totalsOf } from './report.ts'

const JSON_VERSION = 1

export function reportToJson(report: Report): Json {
  const { flows, frequencies, significance, about } = report
  return {
    version: JSON_VERSION,
    agrees: isAgreed(report),
    totals: { ...totalsOf(flows) },
    flows: flows.map(flowToJson),
    frequencies: frequencies.map(frequencyToJson),
    significance,
    excluded: EXCLUDED.map(({ name, what, why }) => ({ name, what, why })),
    about: about.map(({ name, value }) => ({ name, value })),
  }
}

function flowToJson(report: FlowReport): Json {
  const {
    flow,
    verdict,
    model,
    kernel,
    endpoint,
    probability,
    rules,
    packets,
    frames,
    agrees,
    differences,
    sideBySide,
  } = report
  return {
    flow,
    verdict,
    model,
    kernel,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(probability === undefined ? {} : { probability }),
    rules,
    packets,
    ...(frames === undefined ? {} : { frames }),
    agrees,
    differences: differences.map(differenceToJson),
    ...(sideBySide === undefined ? {} : { sideBySide }),
  }
}

function differenceToJson({ what, where, model, kernel }: Difference): Json {
  return { what, ...(where === undefined ? {} : { where }), model, kernel }
}

function frequencyToJson({ flow, trials, outcomes, test, agrees, why }: FrequencyReport): Json {
  return {
    flow,
    trials,
    outcomes: outcomes.map(({ name, probability, seen }) => ({
      name,
      probability: { text: formatRatio(probability), value: toNumber(probability) },
      seen,
    })),
    ...(test ? { test: { ...test } } : {}),
    agrees,
    ...(why === undefined ? {} : { why }),
  }
}
