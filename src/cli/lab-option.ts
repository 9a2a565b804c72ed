/**
 * What the commands of `podwire lab` share: which lab, and how its failures are told.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { LabError } from '../lab/failure.ts'
import { parseLabId } from '../lab/naming.ts'
import type { Given, Option } from './command.ts'
import { RefusedInput, UsageError } from './exit.ts'

const USUAL_ID = 'lab'

export const ID: Option = { name: 'id', value: 'NAME', help: 'which lab, where there are several', default: USUAL_ID }

/** @throws {UsageError} unless it can be the id of a lab */
export function labIdOf(text: string | undefined): string {
  try {
    return parseLabId(text ?? USUAL_ID)
  } catch (cause) {
    throw cause instanceof ParseError ? new UsageError(cause.message) : cause
  }
}

/** The lab that `--id` names. */
export function givenLab(given: Given): string {
  return labIdOf(given.text('id'))
}

/** Runs `work`; why a lab cannot be is for the person. */
export async function labWork<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw cause instanceof LabError ? new RefusedInput(cause.lines) : cause
  }
}
