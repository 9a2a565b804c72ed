/**
 * Conditions that hold only so often: `limit`, `hashlimit`, `quota`.
 *
 * Credit grows with time up to a cap, and each packet that is let through costs some. What a rule
 * has left when a machine is looked at nobody tells: runs begin with full credit.
 *
 * @see net/netfilter/xt_limit.c, xt_hashlimit.c, xt_quota.c of Linux
 * @module
 */
import { type Family, type Ip, isIpv4, prefixOf, widthOf } from '../../base/ip.ts'
import { lengthOf } from '../../packet/length.ts'
import { parseRate } from '../matches/rate.ts'
import type { MatchOn, Rate } from '../rule.ts'
import { type Holds, hotdrop, type Setting, undecided } from './condition.ts'
import { type Options, wordOf } from './option-word.ts'
import { hasPorts, NONE, type Probe } from './probe.ts'
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
/** `HZ * CREDITS_PER_JIFFY` of kernels of 250 and of 1000 jiffies a second. */
const CREDITS_PER_SECOND = 32_000

export function holdsLimit({ rate, burst }: MatchOn<'limit'>, setting: Setting): Holds {
  const place = setting.place()
  const pause = Math.floor((LIMIT_SCALE * SECONDS[rate.per]) / rate.count)
  const tariff: Tariff = { cost: creditsOf(pause), cap: creditsOf(pause * burst), gain: CREDITS_PER_SECOND / 1000 }
  return ({ passing: { memory, circumstances } }) =>
    spend(bucketOf(memory.limits, place, tariff, circumstances.now), tariff, circumstances.now)
}

/** In 32 bits: a burst of long pauses loses what does not fit. @see user2credits in net/netfilter/xt_limit.c */
function creditsOf(ticks: number): number {
  const kept = ticks >>> 0
  return kept > 0xffff_ffff / CREDITS_PER_SECOND
    ? Math.imul(Math.floor(kept / LIMIT_SCALE), CREDITS_PER_SECOND) >>> 0
    : Math.floor((kept * CREDITS_PER_SECOND) / LIMIT_SCALE)
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

/** `XT_HASHLIMIT_SCALE_v2`: microseconds. */
const HASHLIMIT_SCALE = 1_000_000

/**
 * One bucket for each flow, by what `--hashlimit-mode` tells flows apart. The table of flows is made by
 * the first rule that names it, and is as that one says; later ones only say which side of the limit
 * they are for.
 */
export function holdsHashlimit(options: Options, { family, hashlimitShape }: Setting): Holds {
  const name = wordOf(options, 'hashlimit-name')
  const above = options.some(option => option.name === 'hashlimit-above')
  if (name === undefined) return probe => undecided(probe, 'hashlimit without a name')
  const key = `${family}:${name}`
  let table: FlowTable | undefined
  return probe => {
    table ??= flowTable(hashlimitShape(name), family)
    if (!table) return undecided(probe, 'hashlimit by bytes, or by the measured rate, is not run')
    const flow = table.flowOf(probe)
    if (flow === undefined) return hotdrop(probe, 'the transport header is cut short')
    const { memory, circumstances } = probe.passing
    const flows = memory.hashlimits.get(key) ?? new Map<string, Bucket>()
    memory.hashlimits.set(key, flows)
    if ((flows.get(flow)?.expires ?? 0) < circumstances.now) flows.delete(flow)
    const bucket = bucketOf(flows, flow, table.tariff, circumstances.now)
    bucket.expires = circumstances.now + table.lives
    return spend(bucket, table.tariff, circumstances.now) !== above
  }
}

interface FlowTable {
  readonly tariff: Tariff
  /** Milliseconds for which a flow is remembered after its last packet. */
  readonly lives: number
  /** Names the packet's flow; nothing: the packet is too short to have one. */
  readonly flowOf: (probe: Probe) => string | undefined
}

/** Nothing for a table that podwire cannot keep. */
function flowTable(options: Options, family: Family): FlowTable | undefined {
  const text = wordOf(options, 'hashlimit-above') ?? wordOf(options, 'hashlimit-upto')
  if (text === undefined || text.endsWith('b/s')) return undefined
  if (options.some(option => option.name === 'hashlimit-rate-match')) return undefined
  const rate = parseRate(text)
  const cost = Math.floor((HASHLIMIT_SCALE * SECONDS[rate.per]) / rate.count)
  const cap = cost * Number(wordOf(options, 'hashlimit-burst') ?? 5)
  if (Number.isNaN(cap)) return undefined
  return {
    tariff: { cost, cap, gain: HASHLIMIT_SCALE / 1000 },
    lives: Number(wordOf(options, 'hashlimit-htable-expire') ?? SECONDS[rate.per] * 1000),
    flowOf: flowNamer(options, widthOf(family)),
  }
}

function flowNamer(options: Options, width: number): FlowTable['flowOf'] {
  const modes = (wordOf(options, 'hashlimit-mode') ?? '').split(',')
  const [bySrc, byDst] = [modes.includes('srcip'), modes.includes('dstip')]
  const [bySport, byDport] = [modes.includes('srcport'), modes.includes('dstport')]
  const srcBits = Math.min(width, Number(wordOf(options, 'hashlimit-srcmask') ?? width))
  const dstBits = Math.min(width, Number(wordOf(options, 'hashlimit-dstmask') ?? width))
  return probe => {
    const { src, dst } = probe.skb.packet
    const ports = bySport || byDport ? portsFor(probe) : NO_PORTS
    if (!ports) return undefined
    const parts = [
      bySrc ? networkName(src, srcBits) : '',
      byDst ? networkName(dst, dstBits) : '',
      bySport ? ports.sport : '',
      byDport ? ports.dport : '',
    ]
    return parts.join(' ')
  }
}

function networkName(ip: Ip, bits: number): string {
  const { base } = prefixOf(ip, bits)
  return isIpv4(base) ? `${base}` : `${base.w0}.${base.w1}.${base.w2}.${base.w3}`
}

interface Ports {
  readonly sport: number
  readonly dport: number
}

const NO_PORTS: Ports = { sport: 0, dport: 0 }

/** As the kernel reads them here: also where a later fragment has other bytes. @see hashlimit_init_dst of Linux */
function portsFor(probe: Probe): Ports | undefined {
  const { payload } = probe.skb.packet
  if (probe.dport !== NONE) return probe
  if (!hasPorts(probe)) return NO_PORTS
  if (!('raw' in payload) || payload.raw.length < 4) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = payload.raw
  return { sport: (a << 8) | b, dport: (c << 8) | d }
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
