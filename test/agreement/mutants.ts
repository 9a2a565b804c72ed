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
  readonly shown: Shown
  /** One difference must read so: `rules node-1: MODEL | KERNEL`. */
  readonly told: RegExp
}

/** What shows a mutant. */
export interface Shown {
  /** `FROM TO` of one packet after the other, or `again`. @param client outside, whom no kernel remembers */
  readonly flows: (client: string) => readonly [string, ...string[]]
  /** Of `lab verify`, for all of them. */
  readonly options?: readonly string[]
}

const toFar: Shown = { flows: () => ['pod/client pod/far:8080'] }
const toNear: Shown = { flows: () => ['pod/client pod/web-1:8080'] }
const toService: Shown = { flows: () => ['pod/client svc/far:80'] }
const fromNode: Shown = { flows: () => ['node/node-1 svc/far:80'] }
const toNobody: Shown = { flows: () => ['pod/client svc/empty:80'] }
const toItself: Shown = { flows: () => ['pod/solo svc/solo:80'] }
const toClosedPort: Shown = { flows: () => ['pod/client pod/far:9'] }
const fromOutside: Shown = { flows: client => [`${client} node/node-1:30002`] }
const twice: Shown = { flows: client => [`${client} node/node-1:30003`, 'again'] }
const fromStranger: Shown = { flows: () => ['ip:192.0.2.7 svc/balanced:80'] }
const expiring: Shown = { ...toFar, options: ['--ttl', '1'] }
const justFitting: Shown = { flows: () => ['pod/client pod/far'], options: ['--proto', 'icmp', '--size', '1450'] }
const drawing: Shown = { flows: () => ['pod/client svc/web:80'], options: ['--draws', '250'] }

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'packets of the machine itself meet table filter before nat',
    file: 'netfilter/run/hooks.js',
    was: "output: ['raw', 'track', 'mangle', 'nat', 'filter', 'security']",
    becomes: "output: ['raw', 'track', 'mangle', 'filter', 'nat', 'security']",
    shown: fromNode,
    told: /^rules node-1: filter:OUTPUT:rule:1 \| nothing/,
  },
  {
    name: 'table nat is not asked behind routing: nothing is masqueraded',
    file: 'netfilter/run/hooks.js',
    was: "postrouting: ['mangle', 'nat', 'confirm']",
    becomes: "postrouting: ['mangle', 'confirm']",
    shown: fromOutside,
    told: /^packet node-1 postrouting: postrouting flannel\.1 {2}198\.51\.100\.\d+:.* \| postrouting flannel\.1 {2}10\.244\.1\.0:/,
  },
  {
    name: 'answers are not translated back',
    file: 'netfilter/run/nat-stage.js',
    was: "change(run, bound, manipulation, 'connection');",
    becomes: '',
    shown: toService,
    told: /^packet node-1 postrouting: postrouting cbr0 {2}10\.244\.3\.\d+:8080 > .* \| postrouting cbr0 {2}10\.96\.0\.12:80 > /,
  },
  {
    name: 'masquerading takes the address of the uplink, whatever device the packet leaves by',
    file: 'netfilter/run/masquerade.js',
    was: 'surroundings.sourceOf(out, ',
    becomes: "surroundings.sourceOf('eth0', ",
    shown: fromOutside,
    told: /^answer: seen as 192\.168\.64\.11, port drawn \| seen as 10\.244\.1\.0[:,]/,
  },
  {
    name: 'DNAT leaves the port as it was',
    file: 'netfilter/run/nat.js',
    was: 'return payload.dport === dport ? payload : { ...payload, dport };',
    becomes: 'return payload;',
    shown: toService,
    told: /^packet node-1 postrouting: .* > 10\.244\.3\.\d+:80 .* \| .* > 10\.244\.3\.\d+:8080 /,
  },
  {
    name: 'MARK does nothing',
    file: 'netfilter/run/act.js',
    was: 'changeMark(probe, (probe.mark & ~mask) ^ set);',
    becomes: '',
    shown: fromOutside,
    told: /^rules node-1: nat:KUBE-POSTROUTING:rule:1 \| nat:KUBE-POSTROUTING:rule:2/,
  },
  {
    name: 'REJECT tells nobody',
    file: 'node/hook-run.js',
    was: 'walk.answers.push(result.answer);',
    becomes: ';',
    shown: toNobody,
    told: /^verdict: timeout \| refused/,
  },
  {
    name: 'the numbers of rules begin with 0',
    file: 'netfilter/run/compiled.js',
    was: 'compileRule(chain, rule, index + 1)',
    becomes: 'compileRule(chain, rule, index)',
    shown: toFar,
    told: /^rules node-1: nat:PREROUTING:rule:0 \| nat:PREROUTING:rule:1/,
  },
  {
    name: 'rules of a bridge are not run, as if bridge-nf-call-iptables were 0',
    file: 'node/bridge-crossing.js',
    was: 'walk.machine.settings.bridgeCalls[family]',
    becomes: 'false',
    shown: toNear,
    told: /^rules node-1: nothing \| filter:FORWARD:rule:1/,
  },
  {
    name: 'a bridge sends no frame back by the port that it came in by, although hairpin is on',
    file: 'node/bridging.js',
    was: 'if (out !== port || out.hairpin)',
    becomes: 'if (out !== port)',
    shown: toItself,
    told: /^verdict: timeout \| answered/,
  },
  {
    name: 'session affinity: no client is remembered',
    file: 'netfilter/run/recent.js',
    was: 'remember(list, address, ttl, circumstances.now);\n',
    becomes: ';\n',
    shown: twice,
    told: /^rules node-1: .*nat:KUBE-SVC-\w+:rule:\d/,
  },
  {
    name: 'no connection is remembered: each packet begins a new one',
    file: 'netfilter/run/track.js',
    was: 'enter(table, connection);',
    becomes: ';',
    shown: toFar,
    told: /^verdict: timeout \| answered/,
  },
  {
    name: 'what answers a connection counts as new',
    file: 'netfilter/run/track.js',
    was: "direction === 'reply' || connection.seenReply ? 'ESTABLISHED' : 'NEW'",
    becomes: "'NEW'",
    shown: toFar,
    told: /^rules node-1: .* \| filter:KUBE-FORWARD:rule:3/,
  },
  {
    name: 'whoever sends a packet on leaves its TTL as it is',
    file: 'node/forward.js',
    was: 'ttl: skb.packet.ttl - 1',
    becomes: 'ttl: skb.packet.ttl',
    shown: toFar,
    told: /^packet node-1 postrouting: .* ttl 64 .* \| .* ttl 63 /,
  },
  {
    name: 'of a packet that went too far nobody is told',
    file: 'node/forward.js',
    was: "answerError(walk, skb, 'ttl-exceeded', { device: errorDevice(entrant) });",
    becomes: '',
    shown: expiring,
    told: /^verdict: timeout \| host unreachable/,
  },
  {
    name: 'a closed port keeps silent',
    file: 'node/local.js',
    was: 'refuse(walk, skb);\n',
    becomes: ';\n',
    shown: toClosedPort,
    told: /^verdict: timeout \| refused/,
  },
  {
    name: 'VXLAN: the forwarding table is not asked, all goes to its first entry',
    file: 'overlay/encapsulation.js',
    was: 'const own = entriesAt(keyOf(mac));',
    becomes: 'const own = network.fdb.slice(0, 1);',
    shown: toFar,
    told: /^packet node-1 output: .* > 192\.168\.64\.12:8472 .* \| .* > 192\.168\.64\.13:8472 /,
  },
  {
    name: 'VXLAN: outer packets have a TTL one less',
    file: 'overlay/encapsulation.js',
    was: 'const TTL = 64;',
    becomes: 'const TTL = 63;',
    shown: toFar,
    told: /^packet node-1 output: .* ttl 63 .* \| .* ttl 64 /,
  },
  {
    name: 'routes: of all that hold the destination, the shortest prefix is taken',
    file: 'node/routing-table.js',
    was: 'sort(([a], [b]) => b - a)',
    becomes: 'sort(([a], [b]) => a - b)',
    shown: toFar,
    told: /^packet node-1 postrouting: postrouting eth0 .* \| postrouting flannel\.1 /,
  },
  {
    name: 'a device does not take what just fits',
    file: 'node/mtu.js',
    was: 'lengthOf(packet) <= device.mtu + VLAN_ROOM',
    becomes: 'lengthOf(packet) < device.mtu',
    shown: justFitting,
    told: /^verdict: timeout \| answered/,
  },
  {
    name: 'conditions on the source hold for everybody',
    file: 'netfilter/run/holds-address.js',
    was: '(((probe.src0 ^ base) & mask) === 0) === !not',
    becomes: '!not',
    shown: fromStranger,
    told: /^verdict: answered \| timeout/,
  },
  {
    name: 'the weights of a draw are the wrong way round',
    file: 'netfilter/run/holds-statistic.js',
    was: 'weights: [below, DRAWN - below]',
    becomes: 'weights: [DRAWN - below, below]',
    shown: drawing,
    told: /^frequency: so far from what is likely/,
  },
]
