/**
 * Routes as `ip route` shows them.
 *
 * @module
 */
import { formatIp, formatPrefix, widthOf } from '../base/ip.ts'
import type { Route } from '../host/host.ts'

/** `10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink`, `default via 10.244.1.1 dev eth0`, `blackhole 10.244.0.0/16` */
export function formatRoute({ to, via, link, type, onlink, hops, table }: Route): string {
  const words = [
    ...(type === undefined ? [] : [type]),
    to.bits === 0 ? 'default' : to.bits === widthOf(to.family) ? formatIp(to.base) : formatPrefix(to),
    ...(hops ? [`one of ${hops.length} ways`] : []),
    ...(via === undefined ? [] : [`via ${formatIp(via)}`]),
    ...(link === '' ? [] : [`dev ${link}`]),
    ...(onlink ? ['onlink'] : []),
    ...(table === undefined || table === 'main' || table === 'local' ? [] : [`table ${table}`]),
  ]
  return words.join(' ')
}
