/**
 * What names, labels and ports may look like, in the API server's words.
 *
 * Each function returns what is wrong with the text, in upstream's order; nothing wrong is an empty list.
 *
 * @see staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go of Kubernetes
 *
 * @module
 */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`
const UNDERSCORE_LABEL = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const LABEL_VALUE = `(${QUALIFIED})?`
const DNS_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'
const CONFIG_KEY = '[-._a-zA-Z0-9]+'
const PERCENT = '[0-9]+%'

const MAX_LABEL = 63
const MAX_SUBDOMAIN = 253
const MAX_PORT_NAME = 15

/** A form that text must have: the expression, and the words and examples that explain it. */
function form(source: string, words: string, ...examples: readonly string[]) {
  const pattern = new RegExp(`^(?:${source})$`)
  const quoted = examples.map(example => `'${example}'`).join(',  or ')
  const message = `${words} (e.g. ${quoted}, regex used for validation is '${source}')`
  return (text: string): string[] => (pattern.test(text) ? [] : [message])
}

const matchesLabel = form(
  LABEL,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  'my-name',
  '123-abc',
)

const matchesSubdomain = form(
  SUBDOMAIN,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  'example.com',
)

const matchesUnderscores = form(
  `${UNDERSCORE_LABEL}(\\.${UNDERSCORE_LABEL})*`,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
  'example.com',
)

const matchesDns1035 = form(
  DNS_1035,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  'my-name',
  'abc-123',
)

const QUALIFIED_WORDS =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const matchesQualified = form(QUALIFIED, QUALIFIED_WORDS, 'MyName', 'my.name', '123-abc')

const matchesLabelValue = form(
  LABEL_VALUE,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  'MyValue',
  'my_value',
  '12345',
)

const matchesConfigKey = form(
  CONFIG_KEY,
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  'key.name',
  'KEY_NAME',
  'key-name',
)

const matchesPercent = form(
  PERCENT,
  "a valid percent string must be a numeric string followed by an ending '%'",
  '1%',
  '93%',
)

function atMost(text: string, most: number): string[] {
  return text.length > most ? [`must be no more than ${most} characters`] : []
}

/** `web`: lower case letters, digits and inner hyphens. @see RFC 1123 */
export function labelProblems(text: string): string[] {
  const form = matchesLabel(text)
  const dotted = form.length > 0 && matchesSubdomain(text).length === 0
  return [...atMost(text, MAX_LABEL), ...(dotted ? ['must not contain dots'] : form)]
}

/** `web.example.com` @see RFC 1123 */
export function subdomainProblems(text: string): string[] {
  return [...atMost(text, MAX_SUBDOMAIN), ...matchesSubdomain(text)]
}

/** A subdomain whose labels may start with and hold underscores. */
export function underscoreSubdomainProblems(text: string): string[] {
  return [...atMost(text, MAX_SUBDOMAIN), ...matchesUnderscores(text)]
}

/** Like a label, but starting with a letter. @see RFC 1035 */
export function dns1035Problems(text: string): string[] {
  return [...atMost(text, MAX_LABEL), ...matchesDns1035(text)]
}

/** `app`, `example.com/app`: keys of labels and annotations, names of resources. */
export function qualifiedNameProblems(text: string): string[] {
  const parts = text.split('/')
  if (parts.length > 2) {
    const [whole = ''] = matchesQualified('')
    return [`a valid label key ${whole} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const name = parts.at(-1) ?? ''
  return [...(parts.length === 2 ? prefixProblems(parts[0] ?? '') : []), ...namePartProblems(name)]
}

function prefixProblems(prefix: string): string[] {
  const problems = prefix === '' ? ['must be non-empty'] : subdomainProblems(prefix)
  return problems.map(problem => `prefix part ${problem}`)
}

function namePartProblems(name: string): string[] {
  const length = name === '' ? ['must be non-empty'] : atMost(name, MAX_LABEL)
  return [...length, ...matchesQualified(name)].map(problem => `name part ${problem}`)
}

/** `frontend`, or nothing at all. */
export function labelValueProblems(text: string): string[] {
  return [...atMost(text, MAX_LABEL), ...matchesLabelValue(text)]
}

/** The key of an entry of a ConfigMap or Secret, which becomes a file's name. */
export function configKeyProblems(text: string): string[] {
  const problems = [...atMost(text, MAX_SUBDOMAIN), ...matchesConfigKey(text)]
  if (text === '.') return [...problems, "must not be '.'"]
  if (text === '..') return [...problems, "must not be '..'"]
  return text.startsWith('..') ? [...problems, "must not start with '..'"] : problems
}

/** `25%` */
export function percentProblems(text: string): string[] {
  return matchesPercent(text)
}

/** The name of a port, as IANA gives them out. @see RFC 6335 section 5.1 */
export function portNameProblems(text: string): string[] {
  return [
    ...atMost(text, MAX_PORT_NAME),
    ...(/^[-a-z0-9]+$/.test(text) ? [] : ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
    ...(/[a-z]/.test(text) ? [] : ['must contain at least one letter (a-z)']),
    ...(text.includes('--') ? ['must not contain consecutive hyphens'] : []),
    ...(text === '' || text.startsWith('-') || text.endsWith('-') ? ['must not begin or end with a hyphen'] : []),
  ]
}

/** The number of a port. */
export function portNumberProblems(port: number): string[] {
  return port >= 1 && port <= 65535 ? [] : ['must be between 1 and 65535, inclusive']
}

/** The name of an environment variable. */
export function variableNameProblems(text: string): string[] {
  if (text !== '' && /^[ -<>-~]+$/.test(text)) return []
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}
