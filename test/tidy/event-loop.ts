/**
 * An agent answers probes in time only while its event loop is free. Solving and ordering take up to hundreds of
 * milliseconds: the solver's worker does both, and what stands on the loop only checks what came of it.
 */
import type { Rule } from './rules.ts'
import { importsOf, isTest, isTestSupport, lineOf, packageOf } from './source.ts'

/** Of `@drover/placement`: what takes as long as the problem is hard. */
const slow = ['solve', 'solvePlacement', 'planOrder', 'pursue']
/** The worker's side of the port, and commands, which are processes of their own. */
const mayWait = /^packages\/agent\/src\/(?:solve|cli)\//

export const loopOnlyChecks: Rule = {
  name: 'on the event loop nothing solves or orders: the solver does, on its worker',
  judge: (source) => {
    const { path, code } = source
    if (isTest(path) || isTestSupport(path) || mayWait.test(path)) return []
    if (!['protocol', 'agent'].includes(packageOf(path) ?? '')) return []
    return importsOf(source).flatMap(({ value, at }) => {
      if (value !== '@drover/placement') return []
      const clause = code.slice(Math.max(code.lastIndexOf('import', at), code.lastIndexOf('export', at)), at)
      const names = new Set([...clause.matchAll(/\w+/g)].map(([name]) => name))
      const all = clause.includes('*') ? ['all of it'] : []
      return [...slow.filter((name) => names.has(name)), ...all].map(
        (name) => `${lineOf(source, at)}: ${name}`,
      )
    })
  },
  bad: [
    "import { solve } from '@drover/placement'",
    "import { assert, planOrder } from '@drover/placement'",
    "import { a } from './a.ts'\nimport {\n  solvePlacement as place,\n  type Plan,\n} from '@drover/placement'",
    "import * as placement from '@drover/placement'",
    "export * from '@drover/placement'",
  ].flatMap((text) =>
    ['packages/protocol/src/partition/a.ts', 'packages/agent/src/loop.ts'].map((path) => ({ path, text })),
  ),
  good: [
    { path: 'packages/agent/src/solve/a.ts', text: "import { solve } from '@drover/placement'" },
    { path: 'packages/agent/src/cli/a.ts', text: "import { pursue } from '@drover/placement'" },
    {
      path: 'packages/protocol/src/partition/a.ts',
      text: "import { checkPlan, type Solution } from '@drover/placement'",
    },
    {
      path: 'packages/protocol/src/partition/a.ts',
      text: "import { solve } from './solving.ts'\nimport { assert } from '@drover/placement'",
    },
    { path: 'packages/protocol/src/partition/a.test.ts', text: "import { solve } from '@drover/placement'" },
    { path: 'packages/sim/src/a.ts', text: "import { solve } from '@drover/placement'" },
  ],
}
