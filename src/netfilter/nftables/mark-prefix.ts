import { mask4 } from '../../base/ipv4.ts'
import type { NftValue } from './expression.ts'

/** The leading bits of a mark, which nft shows as a prefix, as what is compared under a mask. */
export function markPrefix(mark: number, bits: number): { readonly mark: NftValue; readonly mask: NftValue } {
  return { mark: { kind: 'mark', mark: mark | 0 }, mask: { kind: 'mark', mark: mask4(bits) } }
}
