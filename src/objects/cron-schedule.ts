/**
 * Schedules of CronJobs: `30 2 * * 1-5`, `@hourly`, `@every 1h30m`.
 *
 * @see parser.go of robfig/cron version 3, whose messages the API server passes on
 *
 * @module
 */

interface Bounds {
  readonly least: number
  readonly most: number
  readonly names?: readonly string[]
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const FIELDS: readonly Bounds[] = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12, names: MONTHS },
  { least: 0, most: 6, names: DAYS },
]

const DESCRIPTORS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']
const DURATION = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/
const EVERY = '@every '

/** What is wrong with a schedule, in the words of the parser that Kubernetes uses. */
export function scheduleProblem(schedule: string): string | undefined {
  if (/^(?:CRON_)?TZ=/.test(schedule)) return 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'
  if (schedule.startsWith('@')) return descriptorProblem(schedule)
  const fields = schedule.split(/\s+/).filter(field => field !== '')
  if (fields.length !== FIELDS.length) {
    return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`
  }
  for (const [index, field] of fields.entries()) {
    const bounds = FIELDS[index]
    const problem = bounds === undefined ? undefined : fieldProblem(field, bounds)
    if (problem !== undefined) return problem
  }
  return undefined
}

function descriptorProblem(schedule: string): string | undefined {
  if (DESCRIPTORS.includes(schedule)) return undefined
  if (!schedule.startsWith(EVERY)) return `unrecognized descriptor: ${schedule}`
  const span = schedule.slice(EVERY.length)
  if (DURATION.test(span)) return undefined
  return `failed to parse duration ${schedule}: time: invalid duration ${JSON.stringify(span)}`
}

function fieldProblem(field: string, bounds: Bounds): string | undefined {
  for (const part of field.split(',')) {
    const problem = part === '' ? undefined : rangeProblem(part, bounds)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** `*`, `5`, `1-5`, and each with `/step`. */
function rangeProblem(text: string, bounds: Bounds): string | undefined {
  const [range = '', step, ...more] = text.split('/')
  const [low = '', high, ...rest] = range.split('-')
  const any = low === '*' || low === '?'
  if (!any && rest.length > 0) return `too many hyphens: ${text}`
  const start = any ? bounds.least : parse(low, bounds)
  if (typeof start === 'string') return start
  const written = any || high === undefined ? undefined : parse(high, bounds)
  if (typeof written === 'string') return written
  if (more.length > 0) return `too many slashes: ${text}`
  const every = step === undefined ? 1 : parse(step, { least: 0, most: 0 })
  if (typeof every === 'string') return every
  const end = written ?? (any || step !== undefined ? bounds.most : start)
  if (start < bounds.least) return `beginning of range (${start}) below minimum (${bounds.least}): ${text}`
  if (end > bounds.most) return `end of range (${end}) above maximum (${bounds.most}): ${text}`
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${text}`
  return every === 0 ? `step of range should be a positive number: ${text}` : undefined
}

function parse(text: string, { names, least }: Bounds): number | string {
  const named = names?.indexOf(text.toLowerCase()) ?? -1
  if (named >= 0) return named + least
  if (/^\d+$/.test(text)) return Number(text)
  if (/^-\d+$/.test(text)) return `negative number (${text}) not allowed: ${text}`
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`
}
