/**
 * Defaults of volumes and of the claims that templates carry.
 *
 * @see pkg/apis/core/v1/defaults.go of Kubernetes
 *
 * @module
 */
import { changeEach, changePlain, type Plain } from './plain.ts'

const READABLE = 0o644

/** What a volume source says if it is there and says nothing else. */
const SOURCES: Readonly<Record<string, Plain>> = {
  secret: { defaultMode: READABLE },
  configMap: { defaultMode: READABLE },
  downwardAPI: { defaultMode: READABLE },
  projected: { defaultMode: READABLE },
  hostPath: { type: '' },
  iscsi: { iscsiInterface: 'default' },
  rbd: { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' },
  azureDisk: { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false },
  scaleIO: { storageMode: 'ThinProvisioned', fsType: 'xfs' },
}

/** An hour. */
const TOKEN_SECONDS = 3600

export function defaultVolume(volume: Plain): Plain {
  if (Object.keys(volume).every(field => field === 'name')) return { ...volume, emptyDir: {} }
  let out = volume
  for (const [source, defaults] of Object.entries(SOURCES)) {
    if (Object.hasOwn(out, source)) out = changePlain(out, source, given => ({ ...defaults, ...given }))
  }
  out = changePlain(out, 'downwardAPI', defaultDownward)
  out = changePlain(out, 'projected', projected => changeEach(projected, 'sources', defaultProjection))
  out = changePlain(out, 'image', image => ({ pullPolicy: pullPolicyOf(image['reference']), ...image }))
  return changePlain(out, 'ephemeral', given => changePlain(given, 'volumeClaimTemplate', defaultClaim))
}

function defaultProjection(source: Plain): Plain {
  const tokens = changePlain(source, 'serviceAccountToken', token => ({ expirationSeconds: TOKEN_SECONDS, ...token }))
  return changePlain(tokens, 'downwardAPI', defaultDownward)
}

function defaultDownward(source: Plain): Plain {
  return changeEach(source, 'items', defaultFieldReference)
}

/** A reference to a field of the Pod, in an environment variable or in a file. */
export function defaultFieldReference(holder: Plain): Plain {
  return changePlain(holder, 'fieldRef', reference => ({ apiVersion: 'v1', ...reference }))
}

export function defaultClaim(claim: Plain): Plain {
  return changePlain(claim, 'spec', spec => ({ volumeMode: 'Filesystem', ...spec }))
}

/** `Always` for the tag `latest`, which is also what no tag and no digest mean. */
export function pullPolicyOf(image: unknown): 'Always' | 'IfNotPresent' {
  const text = typeof image === 'string' ? image : ''
  const [named = '', digest] = text.split('@')
  const last = named.slice(named.lastIndexOf('/') + 1)
  const tag = last.includes(':') ? last.slice(last.indexOf(':') + 1) : undefined
  return tag === 'latest' || (tag === undefined && digest === undefined) ? 'Always' : 'IfNotPresent'
}
