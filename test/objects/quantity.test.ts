import fc from 'fast-check'
import t from 'tap'
import { formatQuantity, parseQuantity, quantityProblem } from '../../src/objects/quantity.ts'

t.test('amounts are read to numbers and printed in one way', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [text: string | number, value: number, printed: string])[] = [
    ['0', 0, '0'], ['1', 1, '1'], [2, 2, '2'], ['500m', 0.5, '500m'], ['0.5', 0.5, '500m'], ['.5', 0.5, '500m'], ['1.', 1, '1'],
    ['2000m', 2, '2'], ['1500m', 1.5, '1500m'], ['100u', 0.0001, '100u'], ['5n', 5e-9, '5n'], ['1k', 1000, '1k'], ['1000', 1000, '1k'],
    ['1500', 1500, '1500'], ['12M', 12e6, '12M'], ['3G', 3e9, '3G'], ['1T', 1e12, '1T'], ['1P', 1e15, '1P'], ['2E', 2e18, '2E'],
    ['1Ki', 1024, '1Ki'], ['1024Ki', 1048576, '1Mi'], ['1.5Gi', 1610612736, '1536Mi'], ['0.5Ki', 512, '512'], ['1Ei', 2 ** 60, '1Ei'],
    ['1Ti', 2 ** 40, '1Ti'], ['1Pi', 2 ** 50, '1Pi'], ['1e3', 1000, '1e3'], ['1E3', 1000, '1e3'], ['1e-3', 0.001, '1e-3'], ['12e6', 12e6, '12e6'],
    ['-1', -1, '-1'], ['+1', 1, '1'], ['-500m', -0.5, '-500m'], ['0Gi', 0, '0'], ['007', 7, '7'], ['1.0000000001', 1.0000000001, '1000000001n'],
  ]
  for (const [text, value, printed] of rows) {
    t.equal(parseQuantity(text), value, `${text}`)
    t.equal(formatQuantity(text), printed, `${text} is ${printed}`)
    t.equal(quantityProblem(text), undefined)
  }
})

t.test('what is no amount is refused in the API server’s words', async t => {
  for (const text of [
    '',
    ' ',
    '1,5',
    'x',
    '1 Gi',
    '1gi',
    '1GB',
    '1KI',
    'Gi',
    '--1',
    '1e',
    '1.2.3',
    '.',
    '1m5',
    '٣',
    'Infinity',
    'NaN',
  ]) {
    t.throws(
      () => parseQuantity(text),
      { code: 'ERR_PARSE', message: /quantities must match the regular expression/ },
      JSON.stringify(text),
    )
    t.throws(() => formatQuantity(text), { code: 'ERR_PARSE' })
    t.ok(quantityProblem(text))
  }
})

t.test('printing loses nothing', async () => {
  const suffix = fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'e-2')
  fc.assert(
    fc.property(fc.integer({ min: -100_000, max: 100_000 }), fc.nat(99), suffix, (whole, part, unit) => {
      const text = `${whole}.${part}${unit}`
      const printed = formatQuantity(text)
      const close =
        Math.abs(parseQuantity(printed) - parseQuantity(text)) <= Math.abs(parseQuantity(text)) * 1e-9 + 1e-9
      return close && formatQuantity(printed) === printed
    }),
  )
})
