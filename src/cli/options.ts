/**
 * Options that several commands share, spelled and explained once.
 *
 * @module
 */
import type { Option } from './command.ts'

/** What the cluster is made of; every command that settles one takes these. */
export const CLUSTER_OPTIONS: readonly Option[] = [
  {
    name: 'filename',
    short: 'f',
    value: 'FILE',
    many: true,
    help: 'a manifest, a folder of them, or - for standard input; may be repeated',
  },
  { name: 'namespace', short: 'n', value: 'NS', help: 'the namespace of objects that name none', default: 'default' },
  { name: 'nodes', value: 'N', help: 'how many nodes to make when the input has none', default: '3' },
  { name: 'pod-cidr', value: 'CIDR[,CIDR]', help: 'where pods get addresses, one a family', default: '10.244.0.0/16' },
  { name: 'service-cidr', value: 'CIDR[,CIDR]', help: 'where Services get addresses', default: '10.96.0.0/12' },
  {
    name: 'overlay',
    value: 'KIND',
    help: 'vxlan, host-gw or none, when the input has no net-conf.json',
    default: 'vxlan',
  },
  { name: 'mtu', value: 'BYTES', help: "MTU of every node's uplink", default: '1500' },
  { name: 'seed', value: 'N', help: 'decides all that Kubernetes draws at random', default: '0' },
  { name: 'verbose', short: 'v', help: 'say more on standard error' },
]
