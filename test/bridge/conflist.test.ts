import t from 'tap'
import { parsePrefix } from '../../src/base/ip.ts'
import { formatConflist } from '../../src/bridge/conflist.ts'

t.test('the CNI list of a dual-stack node reads', async t => {
  t.equal(
    formatConflist({
      podPrefixes: ['10.244.1.0/24', 'fd00:10:244:1::/64'].map(parsePrefix),
      clusterPrefixes: ['10.244.0.0/16', 'fd00:10:244::/56'].map(parsePrefix),
      mtu: 1450,
    }),
    `{
  "cniVersion": "1.0.0",
  "name": "podwire",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "cbr0",
      "isGateway": true,
      "ipMasq": false,
      "hairpinMode": true,
      "mtu": 1450,
      "ipam": {
        "type": "host-local",
        "ranges": [
          [
            {
              "subnet": "10.244.1.0/24",
              "gateway": "10.244.1.1"
            }
          ],
          [
            {
              "subnet": "fd00:10:244:1::/64",
              "gateway": "fd00:10:244:1::1"
            }
          ]
        ],
        "routes": [
          {
            "dst": "10.244.0.0/16"
          },
          {
            "dst": "fd00:10:244::/56"
          },
          {
            "dst": "0.0.0.0/0"
          },
          {
            "dst": "::/0"
          }
        ]
      }
    },
    {
      "type": "portmap",
      "capabilities": {
        "portMappings": true
      },
      "snat": true
    }
  ]
}
`,
  )
})

t.test('the CNI list of a node with one family names no route of the other', async t => {
  const text = formatConflist({
    podPrefixes: [parsePrefix('10.244.1.0/24')],
    clusterPrefixes: ['10.244.0.0/16', 'fd00:10:244::/56'].map(parsePrefix),
    mtu: 1500,
    hairpin: false,
  })
  const [bridge] = JSON.parse(text).plugins
  t.same(bridge.ipam.routes, [{ dst: '10.244.0.0/16' }, { dst: '0.0.0.0/0' }])
  t.equal(bridge.hairpinMode, false)
})
