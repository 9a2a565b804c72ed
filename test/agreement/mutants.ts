/**
 * The model broken on purpose: each mutant differs from the compiled build in one place of one file.
 *
 * All of them are in what only traces run, so that the rendered files, of which the lab was made, stay the
 * same. A mutant comes with a flow that shows it, and with what must be told of that flow.
 */

export interface Mutant {
  /** What the model does wrong. */
  readonly name: string
  /** Under `dist`. */
  readonly file: string
  /** As it is written in the file, in one place and no other. */
  readonly was: string
  readonly becomes: string
  /** Words for `lab verify`. */
  readonly flow: (run: Run) => readonly string[]
  /** One difference must read so: `rules node-1: MODEL | KERNEL`. */
  readonly told: RegExp
}

/**
 * What no other run in the same lab has: kernels remember connections and clients from run to run, a model
 * that was just started does not.
 */
export interface Run {
  /** From 1; clients outside end in it. */
  readonly number: number
  /** For clients that are in the cluster. */
  readonly sport: string
}

const toFar = ({ sport }: Run) => ['pod/client', 'pod/far:8080', '--sport', sport]
const toNear = ({ sport }: Run) => ['pod/client', 'pod/web-1:8080', '--sport', sport]
const toService = ({ sport }: Run) => ['pod/client', 'svc/far:80', '--sport', sport]
const fromNode = ({ sport }: Run) => ['node/node-1', 'svc/far:80', '--sport', sport]
const fromOutside = ({ number }: Run) => [outside(number), 'node/node-1:30002']
const toNobody = ({ sport }: Run) => ['pod/client', 'svc/empty:80', '--sport', sport]
const toItself = ({ sport }: Run) => ['pod/solo', 'svc/solo:80', '--sport', sport]
const twice = ({ number }: Run) => [outside(number), 'node/node-1:30003', '--then', 'again']
const expiring = ({ sport }: Run) => ['pod/client', 'pod/far:8080', '--ttl', '1', '--sport', sport]
const toClosedPort = ({ sport }: Run) => ['pod/client', 'pod/far:9', '--sport', sport]
const inPieces = ({ sport }: Run) => ['pod/client', 'pod/far', '--proto', 'icmp', '--size', '2000', '--sport', sport]
const balanced = ({ number }: Run) => [`ip:192.0.2.${number}`, 'svc/balanced:80']
const drawing = ({ sport }: Run) => ['pod/client', 'svc/web:80', '--sport', sport, '--draws', '100']

const outside = (number: number) => `ip:198.51.100.${number}`

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'packets of the machine itself meet table filter before nat',
    file: 'netfilter/run/hooks.js',
    was: "output: ['raw', 'track', 'mangle', 'nat', 'filter', 'security']",
    becomes: "output: ['raw', 'track', 'mangle', 'filter', 'nat', 'security']",
    flow: fromNode,
    told: /^rules node-1: filter:OUTPUT:rule:1 \| nothing/,
  },
  {
    name: 'table nat is not asked behind routing: nothing is masqueraded',
    file: 'netfilter/run/hooks.js',
    was: "postrouting: ['mangle', 'nat', 'confirm']",
    becomes: "postrouting: ['mangle', 'confirm']",
    flow: fromOutside,
    told: /^packet node-1 postrouting: postrouting flannel\.1 {2}198\.51\.100\.\d+:.* \| postrouting flannel\.1 {2}10\.244\.1\.0:/,
  },
  {
    name: 'answers are not translated back',
    file: 'netfilter/run/nat-stage.js',
    was: "change(run, bound, manipulation, 'connection');",
    becomes: '',
    flow: toService,
    told: /^packet node-1 postrouting: postrouting cbr0 {2}10\.244\.3\.\d+:8080 > .* \| postrouting cbr0 {2}10\.96\.0\.12:80 > /,
  },
  {
    name: 'masquerading takes the address of the uplink, whatever device the packet leaves by',
    file: 'netfilter/run/masquerade.js',
    was: 'surroundings.sourceOf(out, ',
    becomes: "surroundings.sourceOf('eth0', ",
    flow: fromOutside,
    told: /^answer: seen as 192\.168\.64\.11, port drawn \| seen as 10\.244\.1\.0[:,]/,
  },
  {
    name: 'DNAT leaves the port as it was',
    file: 'netfilter/run/nat.js',
    was: 'return payload.dport === dport ? payload : { ...payload, dport };',
    becomes: 'return payload;',
    flow: toService,
    told: /^packet node-1 postrouting: .* > 10\.244\.3\.\d+:80 .* \| .* > 10\.244\.3\.\d+:8080 /,
  },
  {
    name: 'MARK does nothing',
    file: 'netfilter/run/act.js',
    was: 'changeMark(probe, (probe.mark & ~mask) ^ set);',
    becomes: '',
    flow: fromOutside,
    told: /^rules node-1: nat:KUBE-POSTROUTING:rule:1 \| nat:KUBE-POSTROUTING:rule:2/,
  },
  {
    name: 'REJECT tells nobody',
    file: 'node/hook-run.js',
    was: 'walk.answers.push(result.answer);',
    becomes: ';',
    flow: toNobody,
    told: /^verdict: timeout \| refused/,
  },
  {
    name: 'the numbers of rules begin with 0',
    file: 'netfilter/run/compiled.js',
    was: 'compileRule(chain, rule, index + 1)',
    becomes: 'compileRule(chain, rule, index)',
    flow: toFar,
    told: /^rules node-1: nat:PREROUTING:rule:0 \| nat:PREROUTING:rule:1/,
  },
  {
    name: 'rules of a bridge are not run, as if bridge-nf-call-iptables were 0',
    file: 'node/bridge-crossing.js',
    was: 'walk.machine.settings.bridgeCalls[family]',
    becomes: 'false',
    flow: toNear,
    told: /^rules node-1: nothing \| filter:FORWARD:rule:1/,
  },
  {
    name: 'a bridge sends no frame back by the port that it came in by, although hairpin is on',
    file: 'node/bridging.js',
    was: 'if (out !== port || out.hairpin)',
    becomes: 'if (out !== port)',
    flow: toItself,
    told: /^verdict: timeout \| answered/,
  },
  {
    name: 'session affinity: no client is remembered',
    file: 'netfilter/run/recent.js',
    was: 'remember(list, address, ttl, circumstances.now);\n',
    becomes: ';\n',
    flow: twice,
    told: /^rules node-1: .*nat:KUBE-SVC-\w+:rule:\d/,
  },
  {
    name: 'no connection is remembered: each packet begins a new one',
    file: 'netfilter/run/track.js',
    was: 'enter(table, connection);',
    becomes: ';',
    flow: toFar,
    told: /^verdict: timeout \| answered/,
  },
  {
    name: 'what answers a connection counts as new',
    file: 'netfilter/run/track.js',
    was: "direction === 'reply' || connection.seenReply ? 'ESTABLISHED' : 'NEW'",
    becomes: "'NEW'",
    flow: toFar,
    told: /^rules node-1: .* \| filter:KUBE-FORWARD:rule:3/,
  },
  {
    name: 'whoever sends a packet on takes two off its TTL',
    file: 'node/forward.js',
    was: 'ttl: skb.packet.ttl - 1',
    becomes: 'ttl: skb.packet.ttl - 2',
    flow: toFar,
    told: /^packet node-1 postrouting: .* ttl 62 .* \| .* ttl 63 /,
  },
  {
    name: 'of a packet that went too far nobody is told',
    file: 'node/forward.js',
    was: "answerError(walk, skb, 'ttl-exceeded', { device });",
    becomes: '',
    flow: expiring,
    told: /^verdict: timeout \| host unreachable/,
  },
  {
    name: 'a closed port keeps silent',
    file: 'node/local.js',
    was: 'refuse(walk, skb);\n',
    becomes: ';\n',
    flow: toClosedPort,
    told: /^verdict: timeout \| refused/,
  },
  {
    name: 'VXLAN: the forwarding table is not asked, all goes to its first entry',
    file: 'overlay/encapsulation.js',
    was: 'const own = entriesAt(keyOf(mac));',
    becomes: 'const own = network.fdb.slice(0, 1);',
    flow: toFar,
    told: /^packet node-1 output: .* > 192\.168\.64\.12:8472 .* \| .* > 192\.168\.64\.13:8472 /,
  },
  {
    name: 'VXLAN: outer packets have a TTL one less',
    file: 'overlay/encapsulation.js',
    was: 'const TTL = 64;',
    becomes: 'const TTL = 63;',
    flow: toFar,
    told: /^packet node-1 output: .* ttl 63 .* \| .* ttl 64 /,
  },
  {
    name: 'routes: of all that hold the destination, the shortest prefix is taken',
    file: 'node/routing-table.js',
    was: 'sort(([a], [b]) => b - a)',
    becomes: 'sort(([a], [b]) => a - b)',
    flow: toFar,
    told: /^packet node-1 postrouting: postrouting eth0 .* \| postrouting flannel\.1 /,
  },
  {
    name: 'pieces of a packet are eight bytes shorter than the wire allows',
    file: 'node/mtu.js',
    was: 'Math.max(Math.min(mtu, most ?? mtu),',
    becomes: 'Math.max(Math.min(mtu, most ?? mtu) - 8,',
    flow: inPieces,
    told: /^packet node-1 prerouting: .* fragment at byte 1416 .* \| .* fragment at byte 1424 /,
  },
  {
    name: 'conditions on the source hold for everybody',
    file: 'netfilter/run/holds-address.js',
    was: '(((probe.src0 ^ base) & mask) === 0) === !not',
    becomes: '!not',
    flow: balanced,
    told: /^verdict: answered \| timeout/,
  },
  {
    name: 'the weights of a draw are the wrong way round',
    file: 'netfilter/run/holds-statistic.js',
    was: 'weights: [below, DRAWN - below]',
    becomes: 'weights: [DRAWN - below, below]',
    flow: drawing,
    told: /^frequency: so far from what is likely/,
  },
]
