/**
 * Conditions on the time of day and the date.
 *
 * @see net/netfilter/xt_time.c of Linux, extensions/libxt_time.c of iptables
 * @module
 */
import type { Millis } from '../../base/clock.ts'
import type { ExtensionOption } from '../rule.ts'
import { type Holds, undecided } from './condition.ts'

const DAY = 86_400
/** The last second that the kernel's field holds. */
const LAST_DATE = 0x7fff_ffff
/** In the order of the numbers that stand for them, from 1. */
const WEEKDAYS = ['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su']

interface Times {
  /** Seconds since 1970, both included. */
  readonly from: number
  readonly to: number
  /** Seconds of the day, both included; a span may reach over midnight. */
  readonly start: number
  readonly stop: number
  /** The hours behind midnight count to the day before. */
  readonly contiguous: boolean
  readonly weekdays: (day: number) => boolean
  readonly monthdays: (day: number) => boolean
}

export function holdsTime(options: readonly ExtensionOption[]): Holds {
  const find = (name: string) => options.find(option => option.name === name)
  if (find('kerneltz') ?? find('localtz')) {
    return probe => undecided(probe, 'the time zone of the kernel is not known')
  }
  const date = (name: string, otherwise: number) => readDate(find(name)?.words[0], otherwise)
  const times: Times = {
    from: date('datestart', 0),
    to: date('datestop', LAST_DATE),
    start: secondsOf(find('timestart')?.words[0] ?? '00:00:00'),
    stop: secondsOf(find('timestop')?.words[0] ?? '23:59:59'),
    contiguous: find('contiguous') !== undefined,
    weekdays: daysOf(find('weekdays'), word => WEEKDAYS.indexOf(word.toLowerCase().slice(0, 2)) + 1 || Number(word)),
    monthdays: daysOf(find('monthdays'), word => Number.parseInt(word, 10)),
  }
  if (!(times.from >= 0 && times.to >= 0)) return probe => undecided(probe, 'a date of match time cannot be read')
  return ({ passing }) => isWithin(times, passing.circumstances.now)
}

function isWithin(times: Times, now: Millis): boolean {
  let stamp = Math.floor(now / 1000)
  if (stamp < times.from || stamp > times.to) return false
  const second = stamp % DAY
  if (times.start < times.stop) {
    if (second < times.start || second > times.stop) return false
  } else {
    if (second < times.start && second > times.stop) return false
    if (times.contiguous && second <= times.stop) stamp -= DAY
  }
  const day = Math.floor(stamp / DAY)
  // 1970-01-01 was a Thursday, the fourth day of the week.
  return times.weekdays(((day + 3) % 7) + 1) && times.monthdays(new Date(stamp * 1000).getUTCDate())
}

function daysOf(option: ExtensionOption | undefined, read: (word: string) => number): (day: number) => boolean {
  if (!option) return () => true
  const days = (option.words[0] ?? '').split(',').map(read)
  return day => days.includes(day) === !option.not
}

function secondsOf(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number)
  return hours * 3600 + minutes * 60 + seconds
}

const DATE = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:T(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?)?)?)?$/

/** A date of ISO 8601 of which the end may be left out, in UTC; not a number when it is none. */
function readDate(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const found = DATE.exec(text)
  if (!found) return Number.NaN
  const [year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0] = found
    .slice(1)
    .map(part => (part === undefined ? undefined : Number(part)))
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000
}
