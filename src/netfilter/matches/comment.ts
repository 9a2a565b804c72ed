/**
 * Remarks on a rule.
 *
 * @module
 */
import { quoted } from '../codec.ts'
import { type Extension, optionsOf } from '../option.ts'
import type { MatchOn } from '../rule.ts'

/** Holds for every packet. */
export const comment: Extension<MatchOn<'comment'>> = {
  name: 'comment',
  options: [optionsOf<MatchOn<'comment'>>().field('text', ['comment'], quoted)],
  needs: ['text'],
}
