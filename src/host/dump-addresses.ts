/**
 * Addresses of links as `ip -j addr` tells them.
 *
 * @module
 */
import { type Family, familyOf, type InterfaceAddress, parseInterfaceAddress, parseIp, widthOf } from '../base/ip.ts'
import { type Fields, fieldsOf, findText, flagOf, listOf, numberOf, textOf } from './dump-field.ts'
import { type Reading, readEntries } from './dump-list.ts'
import type { LinkAddress } from './host.ts'

const FAMILIES: Readonly<Record<string, Family>> = { inet: 4, inet6: 6 }

/**
 * The addresses, in the order of the kernel: of those in one network the first is the one that speaks.
 *
 * An IPv6 address that another machine was found to have already (`dadfailed`) is nobody's.
 *
 * @throws {InputError} naming the link and the field that is not as `ip` writes it
 */
export function readAddresses(json: unknown): Reading<LinkAddress> {
  return readEntries('ip addr', json, (fields, skip) => {
    const link = textOf(fields, 'ifname')
    return listOf(fields, 'addr_info').flatMap((one): readonly LinkAddress[] => {
      const address = fieldsOf(one)
      if (address.size === 0) return []
      if (flagOf(address, 'dadfailed')) {
        skip(`address ${textOf(address, 'local')} of ${link}: another machine has it`)
        return []
      }
      if (!Object.hasOwn(FAMILIES, findText(address, 'family') ?? 'inet')) {
        skip(`address of ${link}: it is of family ${textOf(address, 'family')}`)
        return []
      }
      return [
        { link, own: ownOf(address), ...scopeOf(address), ...(flagOf(address, 'deprecated') && { deprecated: true }) },
      ]
    })
  })
}

/** Of an address with a peer the length is that of the peer's network, in which it need not be itself. */
function ownOf(fields: Fields): InterfaceAddress {
  const local = textOf(fields, 'local')
  const bits = numberOf(fields, 'prefixlen', 128)
  const own = parseInterfaceAddress(`${local}/${bits}`)
  const peer = findText(fields, 'address')
  if (peer === undefined || peer === local) return own
  parseIp(peer)
  return { address: own.address, bits: widthOf(familyOf(own.address)) }
}

function scopeOf(fields: Fields): Pick<LinkAddress, 'scope'> {
  const scope = findText(fields, 'scope')
  return scope === 'link' || scope === 'host' ? { scope } : {}
}
