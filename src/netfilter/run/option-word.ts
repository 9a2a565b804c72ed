import type { ExtensionOption } from '../rule.ts'

export type Options = readonly ExtensionOption[]

/** The first word of the option of that name. */
export function wordOf(options: Options, name: string): string | undefined {
  return options.find(option => option.name === name)?.words[0]
}
