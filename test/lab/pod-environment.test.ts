/** Which variables a command in a pod has. */
import t from 'tap'
import { podEnvironment } from '../../src/lab/pod-environment.ts'

type Variables = Readonly<Record<string, string>>

// biome-ignore format: one case, one row
const ROWS: readonly (readonly [says: string, machine: Variables, container: Variables, wanted: Variables])[] = [
  ["the container's variables",                  {},                                        { A: '1' },            { A: '1', PATH: '' }],
  ["the machine's PATH",                         { PATH: '/bin' },                          {},                    { PATH: '/bin' }],
  ["the container's PATH first",                 { PATH: '/bin' },                          { PATH: '/app' },      { PATH: '/app:/bin' }],
  ["not an empty one, which means this folder",  { PATH: '/bin' },                          { PATH: '' },          { PATH: '/bin' }],
  ['the terminal, the language and the user',    { TERM: 'xterm', LC_TIME: 'C', USER: 'r' }, {},                   { TERM: 'xterm', LC_TIME: 'C', USER: 'r', PATH: '' }],
  ["the container's own of these",               { HOME: '/root' },                         { HOME: '/app' },      { HOME: '/app', PATH: '' }],
  ["no Services of the machine's own cluster",   { KUBERNETES_SERVICE_HOST: '10.0.0.1' },   {},                    { PATH: '' }],
  ['nothing that turns names another way',       { LOCALDOMAIN: 'a', RES_OPTIONS: 'b', HOSTALIASES: 'c' }, {},     { PATH: '' }],
  ['nothing that loads what is not asked for',   { LD_PRELOAD: 'a', NODE_OPTIONS: 'b' },    {},                    { PATH: '' }],
]
for (const [says, machine, container, wanted] of ROWS) {
  t.test(`podEnvironment() has ${says}`, async t => {
    t.strictSame(podEnvironment(machine, container), wanted)
  })
}
