import t from 'tap'
import { endpointsOf, serviceOfSlice } from '../../src/kube-proxy/endpoint.ts'
import { NEWEST_RELEASE, type Release } from '../../src/kube-proxy/release.ts'
import { type ServicePort, servicePortsOf } from '../../src/kube-proxy/service-port.ts'
import type { EndpointSlice } from '../../src/objects/endpoint-slice.ts'
import { endpoint, NODE, service, slice } from './objects.ts'

const [PORT] = servicePortsOf(service(), 4, true)

function texts(slices: readonly EndpointSlice[], family: 4 | 6 = 4, port: ServicePort | undefined = PORT) {
  if (port === undefined) throw new Error('The service has no port')
  return endpointsOf(slices, port, { family, release: NEWEST_RELEASE, nodeName: NODE }).map(({ text }) => text)
}

t.test('endpoints stand in the order of their text, byte by byte', async t => {
  const one = slice(['10.0.0.2', '10.0.0.10', '10.0.0.1'].map(ip => endpoint(ip)))
  const two = slice([endpoint('10.0.0.100')], { name: 'web-2' })
  t.strictSame(texts([one, two]), ['10.0.0.100:8080', '10.0.0.10:8080', '10.0.0.1:8080', '10.0.0.2:8080'])
})

t.test('a slice port belongs to the service port of its name and protocol', async t => {
  const at = (ports: EndpointSlice['ports']) => texts([slice([endpoint('10.0.0.1')], { ports: ports ?? null })])
  t.strictSame(at([{ name: 'http', protocol: 'TCP', port: 1 }]), ['10.0.0.1:1'])
  t.strictSame(at([{ name: 'http', port: 1 }]), ['10.0.0.1:1'], 'TCP if it does not say')
  t.strictSame(at([{ name: 'http', protocol: 'UDP', port: 1 }]), [])
  t.strictSame(at([{ name: 'other', protocol: 'TCP', port: 1 }]), [])
  t.strictSame(at([{ name: null, protocol: 'TCP', port: 1 }]), [], 'no name is not the empty name')
  t.strictSame(
    at([
      { name: 'http', protocol: 'TCP', port: 0 },
      { name: 'http', protocol: 'TCP' },
    ]),
    [],
    'no port',
  )
  t.strictSame(
    at([
      { name: 'http', protocol: 'TCP', port: 1 },
      { name: 'http', protocol: 'TCP', port: 2 },
    ]).length,
    2,
  )
  t.strictSame(at(null), [])
  const [unnamed] = servicePortsOf(service({ ports: [{ port: 80 }] }), 4, true)
  const both = slice([endpoint('10.0.0.1')], {
    ports: [
      { name: '', port: 1 },
      { name: 'http', port: 2 },
    ],
  })
  t.strictSame(texts([both], 4, unnamed), ['10.0.0.1:1'])
})

t.test('addresses are read leniently, one of each endpoint, and of one family only', async t => {
  t.strictSame(texts([slice([endpoint('010.0.0.01')])]), ['10.0.0.1:8080'])
  t.strictSame(texts([slice([{ addresses: ['10.0.0.1', '10.0.0.2'] }])]), ['10.0.0.1:8080'])
  t.strictSame(texts([slice([{ addresses: [] }, endpoint('not an address')])]), [])
  t.strictSame(texts([slice([endpoint('fd00::1')], { addressType: 'IPv4' })]), [])
  t.strictSame(texts([slice([endpoint('host.example.com')], { addressType: 'FQDN' })]), [])
  t.strictSame(texts([slice([endpoint('FD00:0::1')])], 6), ['[fd00::1]:8080'])
  t.strictSame(texts([slice([endpoint('fd00::1')])], 4), [])
})

t.test('conditions that are not said are those of an endpoint that works', async t => {
  if (PORT === undefined) throw new Error('The service has no port')
  const objects = [
    { addresses: ['10.0.0.1'] },
    { addresses: ['10.0.0.2'], conditions: { ready: null, serving: null, terminating: null } },
  ]
  for (const found of endpointsOf([slice(objects)], PORT, { family: 4, release: NEWEST_RELEASE, nodeName: NODE })) {
    t.match(found, { ready: true, serving: true, terminating: false, local: false, zones: [], nodes: [] })
  }
})

t.test('of two endpoints at one address', async t => {
  if (PORT === undefined) throw new Error('The service has no port')
  const chosen = (release: Release, ...objects: Parameters<typeof slice>[0][number][]) => {
    const slices = objects.map((own, i) => slice([own], { name: `web-${i}` }))
    const [first, ...rest] = endpointsOf(slices, PORT, { family: 4, release, nodeName: NODE })
    t.strictSame(rest, [], 'one is left')
    return first
  }
  const there = endpoint('10.0.0.1', 'node-2')
  const here = endpoint('10.0.0.1', NODE)
  const ending = endpoint('10.0.0.1', NODE, 'draining')
  t.match(chosen('1.37', there, here), { local: true }, 'the one on this node wins')
  t.match(chosen('1.37', here, there), { local: true }, 'whatever the order')
  t.match(chosen('1.37', ending, there), { terminating: false }, 'one that ends hides no other')
  t.match(chosen('1.37', there, ending), { terminating: false }, 'whatever the order')
  t.match(chosen('1.35', there, ending), { terminating: true }, 'as it did before 1.36')
})

t.test('slices of others are left alone', async t => {
  t.equal(serviceOfSlice(slice([])), 'web')
  t.equal(serviceOfSlice(slice([], { labels: { 'service.kubernetes.io/headless': '' } })), undefined)
  t.equal(serviceOfSlice(slice([], { labels: { 'service.kubernetes.io/service-proxy-name': 'x' } })), undefined)
  const { labels: _, ...metadata } = slice([]).metadata
  t.equal(serviceOfSlice({ ...slice([]), metadata }), undefined)
})
