/**
 * `$(NAME)` in the text of a variable, a command or an argument.
 *
 * `$(NAME)` is the value of the variable NAME, `$$` is one `$`, and everything else stands for itself, also a
 * reference to a variable that is not there. What was put in is not read again.
 *
 * @see third_party/forked/golang/expansion/expand.go of Kubernetes
 *
 * @module
 */

/** The value of the variable, or nothing when there is none. */
export type Lookup = (name: string) => string | undefined

/** The text with its references replaced; those that `lookup` does not know are left as they are. */
export function expand(text: string, lookup: Lookup): string {
  // An opener behind the last closer opens nothing; looking for its closer each time would take long.
  const lastCloser = text.lastIndexOf(')')
  let out = ''
  let done = 0
  for (;;) {
    const at = text.indexOf('$', done)
    if (at < 0 || at === text.length - 1) return out + text.slice(done)
    out += text.slice(done, at)
    const next = text.charAt(at + 1)
    if (next === '(' && at + 1 < lastCloser) {
      const closer = text.indexOf(')', at)
      const name = text.slice(at + 2, closer)
      out += lookup(name) ?? `$(${name})`
      done = closer + 1
    } else {
      out += next === '$' ? '$' : `$${next}`
      done = at + 2
    }
  }
}

/** The names that the text refers to, in order and each once. */
export function referencesIn(text: string): readonly string[] {
  const names = new Set<string>()
  expand(text, name => {
    names.add(name)
    return ''
  })
  return [...names]
}
