/**
 * What a plain scalar of YAML means to Kubernetes.
 *
 * @see resolve in resolve.go of goyaml.v2 in sigs.k8s.io/yaml
 *
 * @module
 */

const WORDS: ReadonlyMap<string, boolean | number | null> = new Map<string, boolean | number | null>([
  ...['', '~', 'null', 'Null', 'NULL'].map(word => [word, null] as const),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(word => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(word => [word, false] as const),
  ...['.nan', '.NaN', '.NAN'].map(word => [word, Number.NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map(word => [word, Number.POSITIVE_INFINITY] as const),
  ...['-.inf', '-.Inf', '-.INF'].map(word => [word, Number.NEGATIVE_INFINITY] as const),
])

/** Only words and numbers start like this; anything else is text at once. */
const MAY_BE_ONE = /^[-+.\dyYnNtTfFoO~]|^$/
const DECIMAL = /^[-+]?(?:0|[1-9]\d*)$/
const OCTAL = /^([-+]?)0[oO]?([0-7]+)$/
const BINARY = /^([-+]?)0[bB]([01]+)$/
const HEXADECIMAL = /^([-+]?)0[xX]([\da-fA-F]+)$/
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/

/**
 * The value of a scalar without quotes and tag. Times stay text, as do sexagesimal numbers.
 *
 * Underscores may stand between the digits of a number: `1_000`.
 */
export function resolvePlain(text: string): string | number | boolean | null {
  if (!MAY_BE_ONE.test(text)) return text
  const word = WORDS.get(text)
  return word !== undefined ? word : (findNumber(text) ?? text)
}

function findNumber(text: string): number | undefined {
  const plain = text.replaceAll('_', '')
  if (DECIMAL.test(plain)) return Number(plain)
  for (const [pattern, radix] of RADIXES) {
    const [, sign, digits] = pattern.exec(plain) ?? []
    if (digits !== undefined) return Number.parseInt(`${sign}${digits}`, radix)
  }
  return FLOAT.test(plain) ? Number(plain) : undefined
}

const RADIXES = [
  [OCTAL, 8],
  [HEXADECIMAL, 16],
  [BINARY, 2],
] as const
