/**
 * The words of a line of rules: how `iptables-restore` splits them, and how they are quoted.
 *
 * @see iptables/xshared.c of iptables, add_param_to_argv; libxtables/xtables.c, xtables_save_string
 * @module
 */

const BARE = /^[-\w]+$/

/** As `iptables-save` quotes: everything but letters, digits, `-` and `_`. */
export function quoteSaved(text: string): string {
  if (BARE.test(text)) return text
  refuseBreaks(text)
  return `"${text.replace(/["'\\]/g, '\\$&')}"`
}

/** As little as `iptables-restore` needs: what is empty or holds blanks or quotes. */
export function quoteIfNeeded(text: string): string {
  if (text !== '' && !text.includes(' ') && !text.includes('"') && !text.includes('\t')) {
    refuseBreaks(text)
    return text
  }
  refuseBreaks(text)
  if (!text.includes('"') && !text.includes('\\')) return `"${text}"`
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

function refuseBreaks(text: string): void {
  if (text.includes('\n')) throw new RangeError(`Cannot write ${JSON.stringify(text)} into a rule: it has a line break`)
}
