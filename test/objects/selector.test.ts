import fc from 'fast-check'
import t from 'tap'
import type { LabelSelector, StringMap } from '../../src/objects/meta.ts'
import {
  EVERYTHING,
  formatSelector,
  matches,
  parseSelector,
  selectorOf,
  selectorOfMap,
} from '../../src/objects/selector.ts'

t.test('parseSelector() reads what kubectl reads and formatSelector() prints it as kubectl does', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [text: string, printed: string])[] = [
    ['', ''],
    ['   \t\r\n', ''],
    ['app=web', 'app=web'],
    ['app==web', 'app==web'],
    ['app!=web', 'app!=web'],
    [' app = web , tier = front ', 'app=web,tier=front'],
    ['z=1,a=2', 'a=2,z=1'],
    ['app', 'app'],
    ['!app', '!app'],
    ['! app', '!app'],
    ['app=', 'app='],
    ['app!=', 'app!='],
    ['app=,tier', 'app=,tier'],
    ['app in (b,a)', 'app in (a,b)'],
    ['app in (a)', 'app in (a)'],
    ['app in(a, a ,a)', 'app in (a)'],
    ['app notin (b,a),!x', 'app notin (a,b),!x'],
    ['x in ()', 'x in ()'],
    ['x in (a,)', 'x in (,a)'],
    ['x in (,a)', 'x in (,a)'],
    ['x in (,)', 'x in ()'],
    ['x notin (a,,b)', 'x notin (,a,b)'],
    ['n>1', 'n>1'],
    ['n < 10', 'n<10'],
    ['in', 'in'],
    ['in=notin', 'in=notin'],
    ['notin=in', 'notin=in'],
    ['notin in (in, notin)', 'notin in (in,notin)'],
    ['!in', '!in'],
    ['example.com/app=web', 'example.com/app=web'],
    ['a=1,a!=2,a', 'a=1,a!=2,a'],
    ['x=y,z in (a,b),w notin (c),v,!u,t!=s', 't!=s,!u,v,w notin (c),x=y,z in (a,b)'],
  ]
  for (const [text, printed] of rows) {
    t.equal(formatSelector(parseSelector(text)), printed, JSON.stringify(text))
    const again = printed === 'x in ()' ? text : printed
    t.same(parseSelector(again), parseSelector(text), `${printed} means the same`)
  }
})

t.test("parseSelector() refuses in the API server's words", async t => {
  const nameForm =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
  const valueForm =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
  const unable = 'unable to parse requirement'
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [text: string, message: string])[] = [
    [',', "found ',', expected: !, identifier, or 'end of string'"],
    [',x', "found ',', expected: !, identifier, or 'end of string'"],
    ['=x', "found '=', expected: !, identifier, or 'end of string'"],
    ['(x)', "found '(', expected: !, identifier, or 'end of string'"],
    ['x,,y', "found ',', expected: identifier after ','"],
    ['x,', "found '', expected: identifier after ','"],
    ['a in (x),', "found '', expected: identifier after ','"],
    ['x,=y', "found '=', expected: identifier after ','"],
    ['x==a==b', "found '==', expected: ',' or 'end of string'"],
    ['!x=a', "found '=', expected: ',' or 'end of string'"],
    ['x=a b', "found 'b', expected: ',' or 'end of string'"],
    ['!', `${unable}: found '', expected: identifier`],
    ['!!x', `${unable}: found '!', expected: identifier`],
    ['!,x', `${unable}: found ',', expected: identifier`],
    ['x y', `${unable}: found 'y', expected: in, notin, =, ==, !=, gt, lt`],
    ['x !y', `${unable}: found '!', expected: in, notin, =, ==, !=, gt, lt`],
    ['x (a)', `${unable}: found '(', expected: in, notin, =, ==, !=, gt, lt`],
    ['x gt 1', `${unable}: found 'gt', expected: in, notin, =, ==, !=, gt, lt`],
    ['x = (', `${unable}: found '(', expected: identifier`],
    ['x in a', `${unable}: found 'a' expected: '('`],
    ['x in', `${unable}: found '' expected: '('`],
    ['x in (a b)', `${unable}: found 'b', expected: ',' or ')'`],
    ['x in (a', `${unable}: found '', expected: ',' or ')'`],
    ['x in (=)', `${unable}: found '=', expected: ',', ')' or identifier`],
    ['x in (', `${unable}: found '', expected: ',', ')' or identifier`],
    ['x in (a,=)', `${unable}: found '=', expected: ',', or identifier`],
    ['x<a', `${unable}: values[0]: Invalid value: "a": for 'Gt', 'Lt' operators, the value must be an integer`],
    ['x>', `${unable}: values[0]: Invalid value: "": for 'Gt', 'Lt' operators, the value must be an integer`],
    ['x>-5', `${unable}: values[0][x]: Invalid value: "-5": ${valueForm}`],
    ['x>1.5', `${unable}: values[0]: Invalid value: "1.5": for 'Gt', 'Lt' operators, the value must be an integer`],
    ['a||b', `${unable}: <nil>: Invalid value: "a||b": ${nameForm}`],
    ['-a', `${unable}: <nil>: Invalid value: "-a": ${nameForm}`],
    ['a/', `${unable}: <nil>: Invalid value: "a/": name part must be non-empty; ${nameForm}`],
    ['/a', `${unable}: <nil>: Invalid value: "/a": prefix part must be non-empty`],
    ['a=b|c', `${unable}: values[0][a]: Invalid value: "b|c": ${valueForm}`],
    [`a=${'b'.repeat(64)}`, `${unable}: values[0][a]: Invalid value: "${'b'.repeat(64)}": must be no more than 63 characters`],
    ['a in (b,-c)', `${unable}: values[0][a]: Invalid value: "-c": ${valueForm}`],
  ]
  for (const [text, message] of rows) {
    t.throws(() => parseSelector(text), { name: 'SelectorError', code: 'ERR_SELECTOR', message }, JSON.stringify(text))
  }
})

t.test('matches() decides by labels', async t => {
  const labels: StringMap = { app: 'web', tier: 'front', weight: '10', empty: '', huge: '9223372036854775808' }
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [text: string, selected: boolean, why: string])[] = [
    ['', true, 'everything'],
    ['app=web', true, 'equal'],
    ['app==web', true, 'equal'],
    ['app=Web', false, 'case counts'],
    ['nope=web', false, 'an absent label is equal to nothing'],
    ['app!=web', false, 'not unequal'],
    ['app!=db', true, 'unequal'],
    ['nope!=web', true, 'an absent label is unequal to everything'],
    ['empty=', true, 'empty equals empty'],
    ['nope=', false, 'absent is not empty'],
    ['app in (db,web)', true, 'one of them'],
    ['app in (db)', false, 'none of them'],
    ['app notin (db)', true, 'none of them'],
    ['app notin (web)', false, 'one of them'],
    ['nope notin (web)', true, 'absent'],
    ['nope in ()', false, 'absent is not empty'],
    ['app', true, 'there'],
    ['empty', true, 'there, though empty'],
    ['nope', false, 'not there'],
    ['!nope', true, 'not there'],
    ['!app', false, 'there'],
    ['weight>9', true, 'more, as numbers'],
    ['weight>10', false, 'not more'],
    ['weight<11', true, 'less'],
    ['weight<9', false, 'not less, though so as text'],
    ['app>1', false, 'text compares with nothing'],
    ['nope<1', false, 'and so does nothing'],
    ['huge>1', false, 'beyond 64 bits there are no numbers'],
    ['app=web,tier=back', false, 'all must hold'],
    ['app=web,tier,!nope', true, 'all hold'],
    ['constructor', false, 'a name that JavaScript gives every object is no label'],
    ['!toString', true, 'a name that JavaScript gives every object is no label'],
  ]
  for (const [text, selected, why] of rows)
    t.equal(matches(parseSelector(text), labels), selected, `${text || "''"}: ${why}`)
  t.notOk(matches(undefined, labels), 'an absent selector selects nothing')
  t.ok(matches(EVERYTHING, undefined), 'an empty one everything, labelled or not')
  t.ok(matches(parseSelector('!a'), undefined), 'no labels: all are absent')
})

t.test('selectorOf() reads the object form', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [selector: LabelSelector, printed: string])[] = [
    [{}, ''],
    [{ matchLabels: {} }, ''],
    [{ matchLabels: { b: '1', a: '2' } }, 'a=2,b=1'],
    [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['y', 'x', 'y'] }] }, 'a in (x,y)'],
    [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['x'] }] }, 'a notin (x)'],
    [{ matchExpressions: [{ key: 'a', operator: 'Exists' }, { key: 'b', operator: 'DoesNotExist' }] }, 'a,!b'],
    [{ matchLabels: { z: '1' }, matchExpressions: [{ key: 'a', operator: 'Exists' }] }, 'a,z=1'],
  ]
  for (const [selector, printed] of rows)
    t.equal(formatSelector(selectorOf(selector) ?? []), printed, JSON.stringify(selector))
  t.equal(selectorOf(undefined), undefined, 'absent: nothing')
  t.equal(selectorOf(null), undefined, 'null: nothing')
  t.same(
    selectorOfMap({ b: '1', a: '2' }).map(one => one.key),
    ['a', 'b'],
    'a plain map is all equalities',
  )
  t.ok(matches(selectorOfMap(undefined), { a: '1' }), 'and an absent one holds everything')
})

const key = fc.stringMatching(/^[a-z]{1,2}$/)
const value = fc.stringMatching(/^[a-z]{0,2}$/)
const requirement = fc.oneof(
  fc.tuple(key, fc.constantFrom('=', '==', '!='), value).map(([k, o, v]) => `${k}${o}${v}`),
  fc
    .tuple(key, fc.constantFrom('in', 'notin'), fc.array(value, { minLength: 1, maxLength: 3 }))
    .map(([k, o, v]) => `${k} ${o} (${v.join(',')})`),
  key,
  key.map(k => `!${k}`),
  fc.tuple(key, fc.constantFrom('>', '<'), fc.nat()).map(([k, o, v]) => `${k}${o}${v}`),
)

t.test('printing and reading again changes nothing', async () => {
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 4 }), parts => {
      const selector = parseSelector(parts.join(','))
      const again = parseSelector(formatSelector(selector))
      return JSON.stringify(again) === JSON.stringify(selector)
    }),
  )
})

t.test('a selector agrees with a plain reading of its parts', async () => {
  const labels = fc.dictionary(key, value, { maxKeys: 4 })
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 4 }), labels, (parts, given) => {
      const expected = parts.every(part => plainly(part, given))
      return matches(parseSelector(parts.join(',')), given) === expected
    }),
  )
})

/** One requirement, decided on its text. */
function plainly(part: string, labels: StringMap): boolean {
  const [, not, name = '', operator, rest = ''] = /^(!?)([a-z]+) ?(==|=|!=|in|notin|>|<)? ?(.*)$/.exec(part) ?? []
  const label = Object.hasOwn(labels, name) ? labels[name] : undefined
  const values = rest.replace(/[()]/g, '').split(',')
  switch (operator) {
    case undefined:
      return not === '!' ? label === undefined : label !== undefined
    case '!=':
    case 'notin':
      return label === undefined || !values.includes(label)
    case '>':
      return /^\d+$/.test(label ?? '') && Number(label) > Number(rest)
    case '<':
      return /^\d+$/.test(label ?? '') && Number(label) < Number(rest)
    default:
      return label !== undefined && values.includes(label)
  }
}
