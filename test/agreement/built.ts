/**
 * Whether the compiled program in `dist` is that of the sources as they are now.
 *
 * `npm test` builds it first; a single file of tests that is run by itself does not.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Why the compiled program is not to be tested, with what to do about it; or nothing. */
export function whyNotBuilt(sources = 'src', build = 'dist'): string | undefined {
  for (const name of readdirSync(sources, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || name.endsWith('.d.ts')) continue
    const compiled = join(build, name.replace(/\.ts$/, '.js'))
    const made = statSync(compiled, { throwIfNoEntry: false })?.mtimeMs
    if (made === undefined) return `${compiled} is not there: run npm run build`
    if (made < statSync(join(sources, name)).mtimeMs) return `${compiled} is older than its source: run npm run build`
  }
  return undefined
}
