/**
 * What devices are left to do that software does as well: checksums. They are switched to software while
 * frames are watched, for what a device would add no capture shows.
 *
 * @see ethtool(8)
 * @module
 */
import { runInside } from './inside.ts'

export interface Device {
  readonly machine: string
  readonly namespace: string
  readonly link: string
  /** Of the lab. */
  readonly id: string
}

/** @see `ethtool -k`: a line for each feature */
const CHECKSUMMING = /^tx-checksumming: on$/m

/**
 * Has checksums computed before frames leave.
 *
 * @returns whether anything was changed, and whether checksums are computed now: the loopback device never does
 */
export async function switchOffload(
  device: Device,
): Promise<{ readonly changed: boolean; readonly computes: boolean }> {
  if (!(await isOffloading(device))) return { changed: false, computes: true }
  await ethtool(device, ['-K', device.link, 'tx', 'off'])
  return { changed: true, computes: !(await isOffloading(device)) }
}

/** What {@link switchOffload} changed is as it was before; a device that is gone needs nothing. */
export async function restoreOffload(device: Device): Promise<void> {
  await ethtool(device, ['-K', device.link, 'tx', 'on']).catch(() => undefined)
}

async function isOffloading(device: Device): Promise<boolean> {
  return CHECKSUMMING.test(await ethtool(device, ['-k', device.link]))
}

function ethtool({ machine, namespace, id }: Device, args: readonly string[]): Promise<string> {
  return runInside({ machine, namespace, tool: 'ethtool', args, id })
}
