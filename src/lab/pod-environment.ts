/**
 * The environment of a command that is run in a pod of a lab.
 *
 * @module
 */

/**
 * What a command keeps of the environment it was started from: it has this terminal, this user and these files. All else
 * would be the machine's, where programs look for the container's.
 */
const KEPT =
  /^(?:TERM|COLORTERM|COLUMNS|LINES|NO_COLOR|LANG|LANGUAGE|LC_[A-Z]+|TZ|HOME|USER|LOGNAME|SHELL|PATH|TMPDIR)$/

/**
 * The container's variables, with what it takes to run a program of this machine. The machine's PATH follows the
 * container's, which names places in its image.
 */
export function podEnvironment(
  machine: NodeJS.ProcessEnv,
  container: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(machine)) if (value !== undefined && KEPT.test(name)) kept[name] = value
  const path = [container['PATH'], kept['PATH']].filter(part => part !== undefined && part !== '').join(':')
  return { ...kept, ...container, PATH: path }
}
