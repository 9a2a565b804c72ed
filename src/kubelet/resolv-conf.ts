/**
 * resolv.conf: whom a resolver asks, and which names it tries.
 *
 * Read as kubelet reads the node's, written as container runtimes write a pod's.
 *
 * @see parseResolvConf in pkg/kubelet/network/dns/dns.go of Kubernetes; resolv.conf(5)
 *
 * @module
 */
import { findIp } from '../base/ip.ts'
import type { Position } from '../objects/position.ts'

export interface ResolvConf {
  /** Addresses, in the order in which they are asked. */
  readonly nameservers: readonly string[]
  /** Domains that are tried behind a short name, without a dot at their end. */
  readonly searches: readonly string[]
  /** `ndots:5`, `rotate` */
  readonly options: readonly string[]
}

/** Something about a line that its author may not expect. */
export interface ResolvConfRemark extends Position {
  readonly message: string
  /** kubelet makes no pod from such a file. */
  readonly fatal?: true
}

export interface ReadResolvConf {
  readonly conf: ResolvConf
  /** In the order of the lines. */
  readonly remarks: readonly ResolvConfRemark[]
}

/** White space as Go has it. @see IsSpace in package unicode of Go */
const WORD = /[^\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g

interface Word {
  readonly text: string
  /** From 1. */
  readonly column: number
}

interface Draft {
  readonly nameservers: string[]
  searches: readonly string[]
  /** By their names: the later one stands, in the place of the earlier. */
  readonly options: Map<string, string>
  readonly remarks: ResolvConfRemark[]
}

/**
 * Reads a resolv.conf; never throws, whatever the text.
 *
 * Servers add up, of several `search` lines the last one counts, of two options of one name the later one.
 */
export function readResolvConf(text: string): ReadResolvConf {
  const draft: Draft = { nameservers: [], searches: [], options: new Map(), remarks: [] }
  for (const [index, line] of text.split('\n').entries()) {
    const words = [...line.matchAll(WORD)].map(({ 0: word, index: at }): Word => ({ text: word, column: at + 1 }))
    const [keyword, ...values] = words
    if (keyword) readLine(keyword, values, index + 1, draft)
  }
  const { nameservers, searches, options, remarks } = draft
  return { conf: { nameservers, searches, options: [...options.values()] }, remarks }
}

function readLine(keyword: Word, values: readonly Word[], line: number, draft: Draft): void {
  const remark = ({ column }: Word, message: string) => draft.remarks.push({ line, column, message })
  const [first] = values
  switch (keyword.text) {
    case 'nameserver':
      if (!first) {
        draft.remarks.push({ line, column: keyword.column, message: 'nameserver without an address', fatal: true })
        return
      }
      draft.nameservers.push(first.text)
      if (findIp(first.text.replace(/%.*$/, '')) === undefined) remark(first, `${first.text} is no address`)
      if (values[1]) remark(values[1], 'one nameserver a line: the rest is not read')
      return
    case 'search':
      // A lone dot would have every short name asked as it is first; kubelet leaves it out.
      draft.searches = values.filter(({ text }) => text !== '.').map(({ text }) => text.replace(/\.$/, ''))
      return
    case 'options':
      for (const { text } of values) draft.options.set(text.split(':', 1)[0] ?? '', text)
      return
    default:
      if (/^[#;]/.test(keyword.text)) return
      if (keyword.text === 'domain') remark(keyword, 'domain is not read by kubelet: write search')
      else if (keyword.text !== 'sortlist') remark(keyword, `${keyword.text} is no keyword of resolv.conf`)
  }
}

/**
 * The file as container runtimes write it.
 *
 * @see parseDNSOptions in internal/cri/server/podsandbox/sandbox_run_linux.go of containerd
 */
export function formatResolvConf({ nameservers, searches, options }: ResolvConf): string {
  return [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}\n`] : []),
    ...nameservers.map(server => `nameserver ${server}\n`),
    ...(options.length > 0 ? [`options ${options.join(' ')}\n`] : []),
  ].join('')
}
