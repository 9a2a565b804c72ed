/**
 * Names that CNI plugins derive from a container.
 *
 * @see pkg/utils/utils.go of containernetworking/plugins
 * @module
 */
import { sha512 } from '@noble/hashes/sha2.js'

/** Characters that the kernel takes for a chain's name, less one. @see XT_EXTENSION_MAXNAMELEN of Linux */
const MOST_CHARACTERS = 28

/** `CNI-DN-67e92b96e692a494b6b85`: the chain that `prefix` has for a container of a network. */
export function cniChainName(network: string, container: string, prefix = ''): string {
  return `CNI-${prefix}${hexSha512(network + container)}`.slice(0, MOST_CHARACTERS)
}

/**
 * What stands for a container runtime's sandbox identifier: 64 hexadecimal digits, decided by the
 * pod's key (`namespace/name`).
 */
export function sandboxId(pod: string): string {
  return hexSha512(`sandbox/${pod}`).slice(0, 64)
}

function hexSha512(text: string): string {
  const digest = sha512(new TextEncoder().encode(text))
  return Array.from(digest, octet => octet.toString(16).padStart(2, '0')).join('')
}
