import t from 'tap'
import { readDocuments } from '../../src/objects/document.ts'

const read = (text: string) => {
  const { documents, failures } = readDocuments(text)
  return {
    values: documents.map(document => document.value),
    failures: failures.map(({ position, message }) => `${position.line}:${position.column} ${message}`),
  }
}

t.test('a plain scalar means what it means to kubectl', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [text: string, value: unknown, why: string])[] = [
    ['web', 'web', 'a word'],
    ['', null, 'nothing'],
    ['~', null, 'a tilde'],
    ['Null', null, 'null in any usual case'],
    ['nULL', 'nULL', 'but not in any case'],
    ['yes', true, 'YAML 1.1 booleans'],
    ['On', true, 'YAML 1.1 booleans'],
    ['n', false, 'even the one-letter ones'],
    ['off', false, 'YAML 1.1 booleans'],
    ['"yes"', 'yes', 'quotes make text'],
    ['!!str yes', 'yes', 'and so does a tag'],
    ['!!int "7"', 7, 'a tag makes a number of quoted text'],
    ['8080', 8080, 'decimal'],
    ['-1', -1, 'negative'],
    ['+1', 1, 'with a plus'],
    ['010', 8, 'a leading zero is octal, as in YAML 1.1'],
    ['0o10', 8, 'and so is 0o, as in YAML 1.2'],
    ['08', 8, 'unless a digit is none of octal: then it reads as a float'],
    ['0x1F', 31, 'hexadecimal'],
    ['0b101', 5, 'binary'],
    ['1_000', 1000, 'underscores between digits'],
    ['1e3', 1000, 'an exponent'],
    ['.5', 0.5, 'a fraction'],
    ['0.10', 0.1, 'a version number is a float, as many have learnt'],
    ['1.2.3', '1.2.3', 'two dots are text'],
    ['1:30', '1:30', 'sexagesimal numbers are text, unlike YAML 1.1'],
    ['2021-01-01', '2021-01-01', 'dates are text'],
    ['10.96.0.10', '10.96.0.10', 'an address'],
    ['500m', '500m', 'a quantity'],
    ['1Gi', '1Gi', 'a quantity'],
    ['0xZZ', '0xZZ', 'no digits of hexadecimal'],
    ['!!binary aGk=', 'hi', 'base64'],
  ]
  for (const [text, value, why] of rows)
    t.same(read(`a: ${text}`), { values: [{ a: value }], failures: [] }, `${why}: ${text}`)
})

t.test('a document becomes what JSON can say', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [why: string, text: string, ...values: unknown[]])[] = [
    ['several documents', 'a: 1\n---\nb: 2', { a: 1 }, { b: 2 }],
    ['empty ones are nothing', '---\n# only a comment\n---\n\n---\na: 1\n---\n', { a: 1 }],
    ['null is nothing', 'null\n---\n~\n', ],
    ['a separator may carry a comment', 'a: 1\n--- # next\nb: 2', { a: 1 }, { b: 2 }],
    ['Windows line ends', 'a: 1\r\n---\r\nb: 2\r\n', { a: 1 }, { b: 2 }],
    ['a byte order mark', '\ufeffa: 1', { a: 1 }],
    ['three dashes inside a line are text', 'a: x---y', { a: 'x---y' }],
    ['keys are text whatever they look like', 'on: 1\n8080: 2\n1.5: 3', { true: 1, 8080: 2, 1.5: 3 }],
    ['an alias repeats', 'a: &x {b: 1}\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
    ['an alias means the last anchor before it', 'a: &x 1\nb: *x\nc: &x 2\nd: *x', { a: 1, b: 1, c: 2, d: 2 }],
    ['a merge takes over', 'a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}', { a: { b: 1, c: 2 }, d: { b: 1, c: 3 } }],
    ['of several merged maps the first decides', 'd: {<<: [{a: 1}, {a: 2, b: 2}]}', { d: { a: 1, b: 2 } }],
    ['a quoted merge key is a key', 'd: {"<<": 1}', { d: { '<<': 1 } }],
    ['JSON', '{"a": [1, 2.5e3, true, null, "\\u00e9\\n"]}', { a: [1, 2500, true, null, 'é\n'] }],
    ['JSON documents one behind the other', '{"a":1}\n{"b":2} {"c":3}', { a: 1 }, { b: 2 }, { c: 3 }],
    ['flow YAML that looks like JSON', '{a: 1, b: [x]}', { a: 1, b: ['x'] }],
    ['JSON with a trailing comma is YAML', '{"a": 1,}', { a: 1 }],
    ['a JSON list', '[1]', [1]],
  ]
  for (const [why, text, ...values] of rows) t.same(read(text), { values, failures: [] }, why)
})

t.test('keys of JavaScript are data', async t => {
  for (const text of [
    '__proto__: {polluted: true}\nconstructor: 1',
    '{"__proto__": {"polluted": true}, "constructor": 1}',
  ]) {
    const [value] = read(text).values as [Record<string, unknown>]
    t.same(Object.keys(value), ['__proto__', 'constructor'], 'they are own keys')
    t.same(Object.getOwnPropertyDescriptor(value, '__proto__')?.value, { polluted: true })
    t.equal(Object.getPrototypeOf(value), Object.prototype, 'and nothing is inherited from them')
    t.notOk('polluted' in value)
  }
})

t.test('what cannot be read is told with its place', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [why: string, text: string, failure: string])[] = [
    ['a key twice', 'a: 1\nb: 2\na: 3', '3:1 key "a" already set in map'],
    ['a key twice in the second document', 'a: 1\n---\nb: 1\nb: 2', '4:1 key "b" already set in map'],
    ['two keys that become one text', '1: a\n"1": b', '2:1 key "1" already set in map'],
    ['a name twice in JSON', '{"a":1,\n "a":2}', '2:2 duplicate field a'],
    ['a quote that does not end', 'a: "x', '1:6 Missing closing "quote'],
    ['a tab as indentation', 'a:\n\tb: 1', '2:1 Tabs are not allowed as indentation'],
    ['an anchor that holds itself', 'a: &a [*a]', '1:8 anchor \'a\' value contains itself'],
    ['a merge of itself', 'a: &a {<<: *a}', '1:12 anchor \'a\' value contains itself'],
    ['an unknown anchor', 'a: *nope', '1:4 unknown anchor \'nope\' referenced'],
    ['infinity', 'a: .inf', '1:4 json: unsupported value: +Inf'],
    ['no number', 'a: .nan', '1:4 json: unsupported value: NaN'],
    ['a null key', '~: 1', '1:1 unsupported map key'],
    ['a map as key', '? {a: 1}\n: 2', '1:3 unsupported map key'],
    ['a merge of text', 'a: {<<: x}', '1:9 map merge requires map or sequence of maps as the value'],
    ['a tag that does not fit', 'a: !!int x', '1:10 cannot decode "x" as a !!int'],
    ['a tag of bytes that are none', 'a: !!binary "\\\\"', '1:13 !!binary value contains invalid base64 data'],
    ['words behind a separator', 'a: 1\n--- b', '2:6 invalid Yaml document separator: b'],
    ['NUL', 'a: 1\nb: "x\0y"', '2:6 control characters are not allowed'],
    ['lists beyond measure', '['.repeat(30_000), '1:1 exceeded max depth'],
    ['objects beyond measure', `${'{"a":'.repeat(30_000)}`, '1:1 exceeded max depth'],
    ['broken JSON that is no YAML either', '{"a": 1 "b": 2}', '1:9 found "\\"" where a comma or } should be'],
    ['an escape that JSON has not', '{"a":\n "\\x"} }', '2:2 a string has a bad escape or a control character'],
  ]
  for (const [why, text, failure] of rows) {
    const [first = ''] = read(text).failures
    // How far the package gets before the stack ends is not ours to say.
    t.equal(first.replace(/^1:\d+ exceeded/, '1:1 exceeded'), failure, why)
  }
})

t.test('aliases that explode are refused at once', async t => {
  const names = 'abcdefghijklmnop'.split('')
  const lines = names.map((name, i) => {
    const inner = i === 0 ? 'x' : `*${names[i - 1]}`
    return `${name}: &${name} [${new Array(10).fill(inner).join(', ')}]`
  })
  t.match(read(lines.join('\n')).failures, [/document contains excessive aliasing/])
})

t.test('one failure does not hide the other documents', async t => {
  const { values, failures } = read('a: 1\n---\nb: [\n---\nc: 3')
  t.same(values, [{ a: 1 }, { c: 3 }])
  t.equal(failures.length, 1)
})

t.test('every value can be found again', async t => {
  const yaml = 'spec:\n  ports:\n  - name: http\n    port: 80\n  - port: 443\n  more: &m {x: 1}\n  again: *m\n'
  const json =
    '{"spec": {\n  "ports": [{"name": "http",\n    "port": 80},\n  {"port": 443}],\n "items": [\n 1,\n  2]},\n"items":[{"a":1},\n {"b":\n 2}]}'
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [text: string, path: readonly (string | number)[], place: string, why: string])[] = [
    [yaml, [], '1:1', 'the document'],
    [yaml, ['spec', 'ports'], '2:3', 'a field stands at its key'],
    [yaml, ['spec', 'ports', 1], '5:5', 'an element at itself'],
    [yaml, ['spec', 'ports', 0, 'port'], '4:5', 'a field of an element'],
    [yaml, ['spec', 'ports', 0, 'targetPort'], '3:5', 'what is absent at what holds it'],
    [yaml, ['spec', 'ports', 7, 'port'], '2:3', 'and so does an element that is not there'],
    [yaml, ['spec', 'again', 'x'], '6:13', 'behind an alias at its anchor'],
    [json, [], '1:1', 'the document'],
    [json, ['spec', 'ports'], '2:3', 'a member stands at its name'],
    [json, ['spec', 'ports', 1], '4:3', 'an element at itself'],
    [json, ['spec', 'ports', 0, 'port'], '3:5', 'a member of an element'],
    [json, ['spec', 'nope', 'x'], '1:2', 'what is absent at what holds it'],
    [json, ['spec', 'items', 1], '7:3', 'an inner list'],
    [json, ['items', 1, 'b'], '9:3', 'the items of a list'],
    [json, ['items', 9], '8:1', 'an item that is not there'],
  ]
  for (const [text, path, place, why] of rows) {
    const [document] = readDocuments(text).documents
    const position = document?.locate(path)
    t.equal(`${position?.line}:${position?.column}`, place, `${why}: ${path.join('.')}`)
  }
  const [, second] = readDocuments('a: 1\n---\n# comment\nb:\n  c: 1\n').documents
  t.same(second?.locate(['b', 'c']), { line: 5, column: 3 }, 'in a later document')
})
