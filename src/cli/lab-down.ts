/**
 * `podwire lab down`: a lab taken down.
 *
 * @module
 */
import { takeDown } from '../lab/down.ts'
import { LAB_MARK } from '../lab/naming.ts'
import { groundHere, requireRoot } from '../lab/needs.ts'
import { labIds } from '../lab/registry.ts'
import type { Command, Given } from './command.ts'
import { type ExitCode, UsageError } from './exit.ts'
import type { Io } from './io.ts'
import { ID, labIdOf, labWork } from './lab-option.ts'

export const LAB_DOWN: Command = {
  name: 'lab down',
  summary: 'Take a lab down; nothing of it is left.',
  usage: '[NAME | --all]',
  about: `
Ends all processes of the lab, removes its namespaces and its folder below /run/podwire, whatever state it is in: also
after a start that was killed, or one that is still going on. A lab that is not there is no failure.`,
  options: [
    { ...ID, help: 'the lab, as NAME says it too' },
    { name: 'all', help: 'all labs of this machine' },
  ],
  examples: [
    { does: 'the usual lab', call: 'podwire lab down' },
    { does: 'every lab', call: 'podwire lab down --all' },
  ],
  run: runDown,
}

async function runDown(given: Given, io: Io): Promise<ExitCode> {
  const [word, ...others] = given.words
  if (others.length > 0) throw new UsageError('name one lab, or give --all')
  if (given.is('all') && (word !== undefined || given.is('id'))) throw new UsageError('--all takes all labs: name none')
  const ids = given.is('all') ? labIds() : [labIdOf(word ?? given.text('id'))]
  const inside = process.env[LAB_MARK]
  if (inside !== undefined && ids.includes(inside))
    throw new UsageError(`this is run from inside lab ${inside}, which would end it too; leave it first`)
  await labWork(async () => {
    requireRoot(groundHere())
    for (const id of ids) {
      const was = labIds().includes(id)
      await takeDown(id)
      io.err(was ? `lab ${id} is down\n` : `there was no lab ${id}\n`)
    }
  })
  return 0
}
