/**
 * Conditions that hold only so often: `limit`, `hashlimit`, `quota`.
 *
 * Credit grows with time up to a cap, and each packet that is let through costs some. What a rule
 * has left when a machine is looked at nobody tells: runs begin with full credit.
 *
 * @see net/netfilter/xt_limit.c, xt_hashlimit.c, xt_quota.c of Linux
 * @module
 */
import { type Ip, prefixOf } from '../../base/ip.ts'
import { lengthOf } from '../../packet/length.ts'
import { parseRate } from '../matches/rate.ts'
import type { ExtensionOption, MatchOn, Rate } from '../rule.ts'
import { type Holds, hotdrop, type Setting, undecided } from './condition.ts'
import { lacksPorts, NONE, type Probe } from './probe.ts'
import type { Bucket } from './rule-memory.ts'

const SECONDS: Readonly<Record<Rate['per'], number>> = { sec: 1, min: 60, hour: 3600, day: 86_400 }

/** How much credit a packet costs, a bucket holds, and a millisecond brings. */
interface Tariff {
  readonly cost: number
  readonly cap: number
  readonly gain: number
}

/** `XT_LIMIT_SCALE` ticks a second, into which the pause between two packets is rounded. */
const LIMIT_SCALE = 10_000
/** `CREDITS_PER_JIFFY` of a kernel of 1000 jiffies a second. */
const CREDITS_PER_MS = 32

export function holdsLimit({ rate, burst }: MatchOn<'limit'>, setting: Setting): Holds {
  const place = setting.place()
  const pause = Math.floor((LIMIT_SCALE * SECONDS[rate.per]) / rate.count)
  const tariff: Tariff = { cost: creditsOf(pause), cap: creditsOf(pause * burst), gain: CREDITS_PER_MS }
  return ({ passing: { memory, circumstances } }) =>
    spend(bucketOf(memory.limits, place, tariff, circumstances.now), tariff, circumstances.now)
}

/** @see user2credits in net/netfilter/xt_limit.c: 32 bits, so that long times lose their fractions of a second */
function creditsOf(ticks: number): number {
  const perSecond = 1000 * CREDITS_PER_MS
  return ticks > 0xffff_ffff / perSecond
    ? Math.floor(ticks / LIMIT_SCALE) * perSecond
    : Math.floor((ticks * perSecond) / LIMIT_SCALE)
}

function bucketOf(buckets: Map<string, Bucket>, key: string, { cap }: Tariff, now: number): Bucket {
  let bucket = buckets.get(key)
  if (!bucket) {
    bucket = { credit: cap, counted: now, expires: Number.POSITIVE_INFINITY }
    buckets.set(key, bucket)
  }
  return bucket
}

function spend(bucket: Bucket, { cost, cap, gain }: Tariff, now: number): boolean {
  bucket.credit = Math.min(cap, bucket.credit + Math.max(0, now - bucket.counted) * gain)
  bucket.counted = now
  if (bucket.credit < cost) return false
  bucket.credit -= cost
  return true
}

type Options = readonly ExtensionOption[]

function wordOf(options: Options, name: string): string | undefined {
  return options.find(option => option.name === name)?.words[0]
}

/** `XT_HASHLIMIT_SCALE_v2`: microseconds. */
const HASHLIMIT_SCALE = 1_000_000

/** One bucket for each flow, by what `--hashlimit-mode` tells flows apart. */
export function holdsHashlimit(options: Options, { family }: Setting): Holds {
  const above = wordOf(options, 'hashlimit-above')
  const rateText = above ?? wordOf(options, 'hashlimit-upto')
  const name = wordOf(options, 'hashlimit-name')
  if (rateText === undefined || name === undefined)
    return probe => undecided(probe, 'hashlimit without a rate and a name')
  if (rateText.endsWith('b/s') || options.some(option => option.name === 'hashlimit-rate-match')) {
    return probe => undecided(probe, 'hashlimit by bytes, or by the measured rate, is not run')
  }
  const rate = parseRate(rateText)
  const cost = Math.floor((HASHLIMIT_SCALE * SECONDS[rate.per]) / rate.count)
  const tariff = { cost, cap: cost * Number(wordOf(options, 'hashlimit-burst') ?? 5), gain: HASHLIMIT_SCALE / 1000 }
  const lives = Number(wordOf(options, 'hashlimit-htable-expire') ?? SECONDS[rate.per] * 1000)
  const modes = (wordOf(options, 'hashlimit-mode') ?? '').split(',').filter(Boolean)
  const keyOf = flowKey(modes, options, family === 4 ? 32 : 128)
  const table = `${family}:${name}`
  const inverted = above !== undefined
  return probe => {
    if (modes.some(mode => mode.endsWith('port')) && lacksPorts(probe)) return hotdrop(probe, 'hashlimit finds no port')
    const { memory, circumstances } = probe.passing
    const flows = memory.hashlimits.get(table) ?? new Map<string, Bucket>()
    memory.hashlimits.set(table, flows)
    const key = keyOf(probe)
    if ((flows.get(key)?.expires ?? 0) < circumstances.now) flows.delete(key)
    const bucket = bucketOf(flows, key, tariff, circumstances.now)
    bucket.expires = circumstances.now + lives
    return spend(bucket, tariff, circumstances.now) !== inverted
  }
}

function flowKey(modes: readonly string[], options: Options, width: number): (probe: Probe) => string {
  const srcBits = Number(wordOf(options, 'hashlimit-srcmask') ?? width)
  const dstBits = Number(wordOf(options, 'hashlimit-dstmask') ?? width)
  const part = (ip: Ip, bits: number) => {
    const { base } = prefixOf(ip, bits)
    return typeof base === 'number' ? `${base}` : `${base.w0}.${base.w1}.${base.w2}.${base.w3}`
  }
  const [src, dst] = [modes.includes('srcip'), modes.includes('dstip')]
  const [sport, dport] = [modes.includes('srcport'), modes.includes('dstport')]
  return ({ skb: { packet }, sport: from, dport: to }) =>
    `${src ? part(packet.src, srcBits) : ''} ${dst ? part(packet.dst, dstBits) : ''} ${sport && from !== NONE ? from : ''} ${dport && to !== NONE ? to : ''}`
}

/** Holds until so many bytes went by. */
export function holdsQuota(options: Options, setting: Setting): Holds {
  const place = setting.place()
  const quota = options.find(option => option.name === 'quota')
  const most = Number(quota?.words[0] ?? 0)
  const not = quota?.not ?? false
  return ({ skb, passing: { memory } }) => {
    const left = memory.quotas.get(place) ?? most
    const length = lengthOf(skb.packet)
    const within = left >= length
    memory.quotas.set(place, within ? left - length : 0)
    return within === !not
  }
}
