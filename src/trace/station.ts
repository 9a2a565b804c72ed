import { formatIp, type Ip } from '../base/ip.ts'
import { drawMac, type Mac } from '../base/mac.ts'
import { hash32, seededRandom } from '../base/random.ts'

/** The machine that joins the nodes' networks and the outside. No object can be called so. */
export const ROUTER = '(router)'

/** A MAC as a number, to look stations up by. */
export function stationKey(mac: Mac): number {
  return (mac.high & 0xffff) * 0x1_0000_0000 + (mac.low >>> 0)
}

/** The MAC of a device that nobody gave one: always the same for the same name. */
export function macOfDevice(machine: string, link: string): Mac {
  return drawMac(seededRandom(hash32(`${machine} ${link}`), 'mac'))
}

/** The name of a machine of which only an address is known. */
export function strangerName(ip: Ip): string {
  return formatIp(ip)
}
