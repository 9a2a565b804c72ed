/**
 * Names and addresses that the kernel or a container runtime would draw at random: here the seed
 * and the pod decide them, so that the same cluster gives the same bytes.
 *
 * @module
 */
import { type Ip, isIpv4 } from '../base/ip.ts'
import { drawMac, type Mac } from '../base/mac.ts'
import { hash32, seededRandom } from '../base/random.ts'

/**
 * How a pod's MAC comes about: `seeded`, as today's CNI plugins have the kernel draw it, or `0a:58` and
 * the IPv4 address, as they did until 2017 and other networks still do.
 */
export type MacRule = 'seeded' | 'from-ipv4'

/** The MAC of the device that `owner` names, with the addresses it bears. */
export function macOf(owner: string, addresses: readonly Ip[], seed: number, rule: MacRule = 'seeded'): Mac {
  const ipv4 = addresses.find(isIpv4)
  if (rule === 'from-ipv4' && ipv4 !== undefined) return { high: 0x0a58, low: ipv4 }
  return drawMac(seededRandom(seed, `mac/${owner}`))
}

/**
 * The name of the host's end of each pod's veth pair: `veth` and eight hexadecimal digits, as the
 * CNI bridge plugin draws them, but decided by the pod's key (`namespace/name`).
 *
 * The last digit is always 0: a link with such a name can be made unless it is there
 * (`host/links-batch.ts`). Two pods of one node whose names come out alike get the next free ones.
 */
export function vethNames(pods: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const taken = new Set<number>()
  for (const pod of [...pods].sort()) {
    let number = hash32(pod) >>> 4
    while (taken.has(number)) number = (number + 1) & 0xfff_ffff
    taken.add(number)
    names.set(pod, `veth${number.toString(16).padStart(7, '0')}0`)
  }
  return names
}
