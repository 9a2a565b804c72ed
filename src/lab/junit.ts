/**
 * A report as JUnit's XML, which continuous integration shows: a test case for each flow and each
 * frequency, where model and kernel disagree with both side by side.
 *
 * @see https://github.com/testmoapp/junitxml: the form that its readers agree on
 * @module
 */
import { visible, visibleLines } from '../base/visible.ts'
import type { FlowReport, FrequencyReport, Report } from './report.ts'

interface Case {
  readonly name: string
  /** In a line, why it failed; absent: it did not. */
  readonly failure?: { readonly message: string; readonly text: string }
}

/** @param name of the whole, such as the lab's variant of iptables */
export function formatJunit({ flows, frequencies, about }: Report, name = 'podwire lab verify'): string {
  const suites = [
    suite(`${name}: flows`, numbered(flows.map(flowCase)), about),
    ...(frequencies.length > 0 ? [suite(`${name}: frequencies`, numbered(frequencies.map(frequencyCase)), [])] : []),
  ]
  const cases = [...flows, ...frequencies]
  const failures = cases.filter(({ agrees }) => !agrees).length
  const counts = `tests="${cases.length}" failures="${failures}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name=${attribute(name)} ${counts}>\n${suites.join('')}</testsuites>\n`
}

/** Flows may be alike: readers take cases of one name for one. */
function numbered(cases: readonly Case[]): readonly Case[] {
  const width = String(cases.length).length
  return cases.map((one, i) => ({ ...one, name: `${String(i + 1).padStart(width, '0')} ${one.name}` }))
}

function flowCase({ flow, agrees, differences, sideBySide = '' }: FlowReport): Case {
  const [first] = differences
  if (agrees || !first) return { name: flow }
  const { what, where, model, kernel } = first
  const message = `${where === undefined ? what : `${what} at ${where}`}: ${model} by the model, ${kernel} by the kernel`
  return { name: flow, failure: { message, text: sideBySide } }
}

function frequencyCase({ flow, agrees, why = '', outcomes, trials }: FrequencyReport): Case {
  if (agrees) return { name: flow }
  const text = outcomes.map(({ name, seen }) => `${seen} of ${trials}: ${name}\n`).join('')
  return { name: flow, failure: { message: why, text } }
}

function suite(name: string, cases: readonly Case[], about: Report['about']): string {
  const failures = cases.filter(({ failure }) => failure).length
  const properties = about.map(one => `      <property name=${attribute(one.name)} value=${attribute(one.value)}/>\n`)
  const all = properties.length > 0 ? `    <properties>\n${properties.join('')}    </properties>\n` : ''
  const tests = cases.map(one => testCase(name, one)).join('')
  return `  <testsuite name=${attribute(name)} tests="${cases.length}" failures="${failures}">\n${all}${tests}  </testsuite>\n`
}

function testCase(suiteName: string, { name, failure }: Case): string {
  const head = `    <testcase classname=${attribute(suiteName)} name=${attribute(name)}`
  if (!failure) return `${head}/>\n`
  const { message, text } = failure
  return `${head}>\n      <failure type="disagreement" message=${attribute(message)}>${content(text)}</failure>\n    </testcase>\n`
}

function attribute(text: string): string {
  return `"${escaped(visible(text))}"`
}

function content(text: string): string {
  return escaped(visibleLines(text))
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Whatever XML cannot hold, even escaped. @see https://www.w3.org/TR/xml/#charsets */
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu

function escaped(text: string): string {
  return text.replace(FORBIDDEN, '\uFFFD').replace(/[&<>"]/g, sign => ENTITIES[sign] ?? sign)
}
