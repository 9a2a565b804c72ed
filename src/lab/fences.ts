/**
 * Fences: datagrams inside every namespace behind which, in any stream of what its kernel tells, nothing
 * is left of what happened before.
 *
 * @module
 */
import { Socket } from 'node:dgram'
import { availableParallelism } from 'node:os'
import { LabError } from './failure.ts'
import { eachOf, openHandles } from './handles.ts'
import type { LabMachine } from './lab.ts'

/** All fences are sent to addresses that begin so, and nothing else is. */
export const FENCE_NETWORK = '127.119.0.0/16'

/** The discard service: nobody listens. */
export const FENCE_PORT = 9

/** @param number of the fence, 16 bits */
export function fenceAddress(number: number): string {
  return `127.119.${(number >>> 8) & 255}.${number & 255}`
}

export interface Fences {
  /**
   * Resolves when the datagram has been sent in every namespace.
   *
   * @throws {LabError} naming the machine in which it could not be
   */
  readonly raise: (number: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** @throws {LabError} naming the machine in which there can be none */
export async function openFences(
  machines: readonly LabMachine[],
  { id }: { readonly id?: string } = {},
): Promise<Fences> {
  const sockets: { readonly machine: string; readonly socket: Socket }[] = []
  const close = async () => {
    await Promise.all(sockets.splice(0).map(({ socket }) => new Promise<void>(done => socket.close(done))))
  }
  try {
    await eachOf(machines, 2 * availableParallelism(), async ({ machine, namespace }) => {
      const [outcome] = await openHandles(namespace, [{ protocol: 'udp', port: 0 }], id)
      if (!(outcome instanceof Socket)) throw new LabError([`Cannot open a socket in ${machine}: ${outcome}`])
      sockets.push({ machine, socket: outcome })
    })
  } catch (failure) {
    await close()
    throw failure
  }
  return {
    raise: async number => {
      await Promise.all(sockets.map(({ machine, socket }) => raise(machine, socket, number)))
    },
    close,
  }
}

function raise(machine: string, socket: Socket, number: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(String(number), FENCE_PORT, fenceAddress(number), (error: NodeJS.ErrnoException | null) => {
      // A rule of the machine that drops it has seen it, and so have the chains before it.
      if (!error || error.code === 'EPERM') resolve()
      else reject(new LabError([`Cannot send a fence in ${machine}: ${error.code ?? error.message}`]))
    })
  })
}
