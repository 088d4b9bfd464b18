/**
 * A number that decides when something happens, how often, or how much of it, is policy. It stands in `data/config.ts`, beside
 * its kin, with its unit and the failure that it prevents. A number that stands loose in a stage is found by no one.
 */
import type { Rule } from './rules.ts'
import { isTest, isTestSupport, lineOf } from './source.ts'

const home = 'packages/protocol/src/data/config.ts'
/** No policy: a name of the format, and an entry of a table of the normal distribution. */
const others: ReadonlySet<string> = new Set(['wireVersion', 'farOff'])

/** At the beginning of a line: a constant that is nothing but a number, or a sum of numbers. */
const loose = /^(?:export +)?const +(\w+)(?: *: *number)? *= *\(*-?\d[\d_. ()*/+-]*$/gm

export const policyNumbersAtHome: Rule = {
  name: 'the numbers of the protocol have one home: data/config.ts',
  judge: (source) => {
    const { path, code } = source
    if (!path.startsWith('packages/protocol/src/') || path === home || isTest(path) || isTestSupport(path))
      return []
    return [...code.matchAll(loose)].flatMap(({ index, 1: name = '' }) =>
      others.has(name)
        ? []
        : [`${lineOf(source, index)}: ${name}: put it into data/config.ts, and say why it is so`],
    )
  },
  bad: [
    'const patienceMs = 10_000',
    'export const windowHosts = 8',
    'const fade = 255 / 256',
    'const dayMs: number = 24 * 3_600 * 1_000',
    'import { a } from "./a.ts"\nconst marginPermille = 1250\nconst b = a',
  ].map((text) => ({ path: 'packages/protocol/src/detect/a.ts', text })),
  good: [
    { path: home, text: 'const patienceMs = 10_000' },
    { path: 'packages/protocol/src/codec.ts', text: 'export const wireVersion = 2' },
    { path: 'packages/protocol/src/detect/a.ts', text: 'const renewMs = Math.floor(limits.leaseMs / 3)' },
    {
      path: 'packages/protocol/src/detect/a.ts',
      text: 'const f = () => {\n  const count = 0\n  return count\n}',
    },
    { path: 'packages/protocol/src/detect/a.ts', text: 'export const f = (\n  a: number,\n) => a' },
    { path: 'packages/protocol/src/detect/a.ts', text: '// const patienceMs = 10_000\nconst text = "b"' },
    { path: 'packages/protocol/src/detect/a.test.ts', text: 'const seeds = 20' },
    { path: 'packages/placement/src/forecast/a.ts', text: 'const lostPermille = 150' },
  ],
}
