import fc from 'fast-check'
import t from 'tap'
import { LabelIndex, SelectorIndex } from '../../src/endpoints/label-index.ts'
import type { Pod } from '../../src/objects/pod.ts'
import { pod } from './build.ts'

const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'), { maxKeys: 3 })
const selectors = labels.filter(one => Object.keys(one).length > 0)
const steps = fc.array(fc.record({ name: fc.constantFrom('x', 'y', 'z'), labels: fc.option(labels) }))
const carries = (given: Pod['metadata']['labels'], selector: Readonly<Record<string, string>>) =>
  Object.entries(selector).every(([key, value]) => given?.[key] === value)

t.test('LabelIndex finds what a look at every object finds', async () => {
  fc.assert(
    fc.property(steps, selectors, (changes, selector) => {
      const index = new LabelIndex<Pod>()
      const all = new Map<string, Pod>()
      for (const { name, labels } of changes) {
        const object = pod(name, { labels: labels ?? {} })
        if (labels) all.set(name, object)
        else all.delete(name)
        if (labels) index.set(object)
        else index.delete(object.metadata)
      }
      const found = index.select('default', selector).map(one => one.metadata.name)
      const wanted = [...all.values()]
        .filter(one => carries(one.metadata.labels, selector))
        .map(one => one.metadata.name)
      if (found.sort().join() !== wanted.sort().join()) throw new Error(`${found} instead of ${wanted}`)
    }),
  )
})

t.test('SelectorIndex finds what a look at every selector finds', async () => {
  fc.assert(
    fc.property(steps, labels, (changes, given) => {
      const index = new SelectorIndex()
      const all = new Map<string, Record<string, string>>()
      for (const { name, labels } of changes) {
        index.set('default', name, labels ?? undefined)
        all.delete(name)
        if (labels && Object.keys(labels).length > 0) all.set(name, labels)
      }
      const found = [...index.selecting(pod('p', { labels: given }).metadata)]
      const wanted = [...all].filter(([, selector]) => carries(given, selector)).map(([name]) => name)
      if (found.sort().join() !== wanted.sort().join()) throw new Error(`${found} instead of ${wanted}`)
    }),
  )
})

t.test('both keep namespaces apart', async t => {
  const index = new LabelIndex<Pod>()
  index.set(pod('a'))
  t.equal(index.select('default', { app: 'web' }).length, 1)
  t.equal(index.select('other', { app: 'web' }).length, 0)
  const services = new SelectorIndex()
  services.set('other', 'other/web', { app: 'web' })
  t.strictSame(services.selecting(pod('a').metadata), [])
})
