import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { digestName } from '../../src/base/digest.ts'

// biome-ignore format: one case, one row
for (const [text, hash] of [
  ['ns1/svc1:p80tcp', 'XPGD46QRK7WJZT7O'],
  ['ns2/svc2:p80tcp', 'GNZBNJ2PO5MGZ6GT'],
  ['default/kubernetes:httpstcp', 'NPX46M4PTMTKRN6Y'],
  ['kube-system/kube-dns:dnsudp', 'TCOU7JCQXEZGVUNU'],
  ['kube-system/kube-dns:dns-tcptcp', 'ERIFXISQEP7F7OF4'],
  ['kube-system/kube-dns:metricstcp', 'JD5MR3NA4I4DYORP'],
  ['default/nginxtcp', '2CMXP7HKUVJN7L6M'],
  ['ns1/svc1:p80tcp10.180.0.1:80', 'SXIVWICOYRO3J4NJ'],
  ['ns2/svc2:p80tcp10.180.0.2:80', 'RS4RBKLTHTF2IUXJ'],
] as const) {
  t.test(`${text} becomes ${hash} in the name of a chain`, async t => {
    t.equal(digestName('KUBE-SVC-', text, 16), `KUBE-SVC-${hash}`)
  })
}

t.test('a name is the base32 form of what OpenSSL digests, whatever the text and the length', async () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 2000, unit: 'grapheme' }), fc.nat(51), (text, length) => {
      return (
        digestName('x-', text, length) ===
        `x-${slowBase32(createHash('sha256').update(text).digest()).slice(0, length)}`
      )
    }),
  )
})

function slowBase32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, byte => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{5}/g) ?? []
  return groups.map(group => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(group, 2)]).join('')
}
