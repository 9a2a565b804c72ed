/**
 * Names in `/etc/hosts`, as the C libraries look for them before they ask anybody.
 *
 * @see nss/nss_files/files-hosts.c of glibc; src/network/lookup_name.c of musl: name_from_hosts
 * @module
 */
import { equalIp, type Family, familyOf, findIp, type Ip } from '../../base/ip.ts'
import type { HostsEntry } from '../../kubelet/hosts.ts'
import type { Library } from './library.ts'

/** The lines of a hosts file that say something. */
export function readHosts(text: string): readonly HostsEntry[] {
  return text.split('\n').flatMap(line => {
    const [address = '', ...names] = line.replace(/#.*/, '').split(/\s+/).filter(Boolean)
    return names.length > 0 && findIp(address) !== undefined ? [{ address, names }] : []
  })
}

/** Lines with a name: their addresses; empty where they have none of the families, and musl asks no further. */
export type FoundLines = readonly Ip[] | undefined

/**
 * The addresses that the file has for `name`; nothing when DNS is to be asked.
 *
 * @param families that are wanted
 */
export function findInHosts(
  entries: readonly HostsEntry[],
  name: string,
  library: Library,
  families: readonly Family[],
): FoundLines {
  const isNamed = (one: string) => (library === 'musl' ? one === name : one.toLowerCase() === name.toLowerCase())
  const all = entries.filter(({ names }) => names.some(isNamed)).flatMap(({ address }) => findIp(address) ?? [])
  const wanted = all.filter(ip => families.includes(familyOf(ip)))
  if (wanted.length === 0) return all.length > 0 && library === 'musl' ? [] : undefined
  return wanted.filter((ip, i) => wanted.findIndex(one => equalIp(one, ip)) === i)
}

/** The first name that the file has for an address; nothing when DNS is to be asked. */
export function findNameInHosts(entries: readonly HostsEntry[], address: Ip): string | undefined {
  return entries.find(entry => {
    const ip = findIp(entry.address)
    return ip !== undefined && equalIp(ip, address)
  })?.names[0]
}
