/**
 * Who the kernel and the tools are that a verification was run with.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { release } from 'node:os'
import { version } from 'node:process'
import { toolEnvironment } from './jobs.ts'
import type { IptablesVariant } from './lab.ts'

/** Names and versions, in order; a tool that is not there has none. */
export async function versionsHere(
  variants: readonly IptablesVariant[],
): Promise<readonly { readonly name: string; readonly value: string }[]> {
  const tools = [
    ...variants.map(variant => [`iptables-${variant}`, '-V'] as const),
    ['nft', '--version'] as const,
    ['ip', '-V'] as const,
  ]
  const said = await Promise.all(tools.map(async ([tool, flag]) => ({ name: tool, value: await say(tool, flag) })))
  return [
    { name: 'linux', value: release() },
    ...said.filter(({ value }) => value !== ''),
    { name: 'node', value: version },
  ]
}

/** The version in the first line that the tool prints: `iptables v1.8.9 (nf_tables)` has 1.8.9. */
function say(tool: string, flag: string): Promise<string> {
  return new Promise(resolve => {
    execFile(tool, [flag], { env: toolEnvironment(process.env), encoding: 'utf8' }, (error, stdout) => {
      resolve(error ? '' : (/\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? ''))
    })
  })
}
