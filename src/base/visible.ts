/**
 * Foreign text made safe to look at: what would steer a terminal, or turn the order of letters, is spelled out.
 *
 * @module
 */

/**
 * Controls (C0, DEL, C1), what turns the direction of writing, and what ends lines.
 *
 * @see https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 */
const UNSAFE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu

/** One line, with `\x1b` for an escape and `\u202e` for a right-to-left override. */
export function visible(text: string): string {
  return text.replace(UNSAFE, sign => {
    const code = sign.charCodeAt(0).toString(16)
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`
  })
}

/** The same of text whose lines are its own. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n')
}
