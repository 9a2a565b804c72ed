/** A table of virtual servers that takes commands as the kernel does: refusing what cannot be. */
import { formatIpvsSave } from '../../../src/netfilter/ipvs/ipvsadm-text.ts'
import type { ServerChange } from '../../../src/netfilter/ipvs/server-change.ts'
import {
  formatRealAddress,
  formatVirtualAddress,
  type RealServer,
  type VirtualServer,
} from '../../../src/netfilter/ipvs/virtual-server.ts'

export class ServerTable {
  readonly #servers = new Map<string, { server: VirtualServer; readonly reals: Map<string, RealServer> }>()

  constructor(servers: readonly VirtualServer[]) {
    for (const server of servers) {
      const reals = new Map(server.reals.map(real => [formatRealAddress(real), real]))
      this.#servers.set(formatVirtualAddress(server.at), { server, reals })
    }
  }

  /** @throws {Error} as ipvsadm does: what is there cannot be added, what is not cannot be changed */
  apply(changes: readonly ServerChange[]): void {
    for (const change of changes) this.#take(change)
  }

  #take(change: ServerChange): void {
    const key = formatVirtualAddress('server' in change ? change.server.at : change.at)
    const known = this.#servers.get(key)
    if ((known !== undefined) === (change.do === 'add')) throw new Error(`cannot ${change.do} ${key}`)
    if (change.do === 'add') this.#servers.set(key, { server: change.server, reals: new Map() })
    else if (change.do === 'delete') this.#servers.delete(key)
    else if (known && change.do === 'edit') known.server = change.server
    else if (known && 'real' in change) this.#takeReal(known.reals, change)
  }

  #takeReal(reals: Map<string, RealServer>, change: Extract<ServerChange, { readonly real: RealServer }>): void {
    const key = formatRealAddress(change.real)
    if (reals.has(key) === (change.do === 'add real')) throw new Error(`cannot ${change.do} ${key}`)
    if (change.do === 'delete real') reals.delete(key)
    else reals.set(key, change.real)
  }

  /** As `ipvsadm -Sn` lists it. */
  text(): string {
    return formatIpvsSave(
      Array.from(this.#servers.values(), ({ server, reals }) => ({ ...server, reals: [...reals.values()] })),
    )
  }
}
