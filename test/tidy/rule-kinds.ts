/**
 * A kind of placement rule is known to its own file alone. Code that sorts rules by kind elsewhere compiles when a kind is added, and
 * misjudges it.
 */
import { allRules } from '../../packages/placement/src/rules/registry.ts'
import type { Rule } from './rules.ts'
import { findAll, importsOf, isTest, isTestSupport, lineOf, packageOf, type Source } from './source.ts'

const kinds: ReadonlySet<string> = new Set(Object.keys(allRules))
const inRules = (path: string): boolean => /\/rules\/[^/]+$/.test(path)
const product = ({ path }: Source): boolean => !isTest(path) && !isTestSupport(path)
/** The ids of BtrPlace's constraints are theirs, not our kinds, though many are called alike. */
const foreign = /btrplace/

/** Packages in which a rule is a placement rule, and its kinds mean nothing else. */
const packages = ['protocol', 'placement', 'agent']

export const noSortingByKind: Rule = {
  name: 'a kind of placement rule is known to its own file alone: nothing sorts rules by kind',
  judge: (source) => {
    if (!product(source) || inRules(source.path) || foreign.test(source.path)) return []
    if (!packages.includes(packageOf(source.path) ?? '')) return []
    const compared = source.literals
      .filter(({ value, at, before }) => {
        const behind = source.code.slice(at + value.length + 2, at + value.length + 8)
        return kinds.has(value) && (/(?:[=!]==?|\bcase)\s*$/.test(before) || /^\s*[=!]==?/.test(behind))
      })
      .map(({ value, at }) => `${lineOf(source, at)}: compared with '${value}'`)
    return [
      ...compared,
      ...findAll(source, /\w*[rR]ule\w*\.kind\s*(?:[=!]==?|\.\w|[)\]])/),
      ...findAll(source, /\brules?\b[^\n]*\(\s*\{\s*kind\s*\}\s*\)\s*=>/),
    ]
  },
  bad: [
    "if (rule.kind === 'seq') return",
    "if (kind !== 'runningCapacity') return",
    "if ('spread' === kind) return",
    "switch (k) {\n  case 'domainSpread':\n}",
    'switch (rule.kind) {}',
    '/Capacity$/.test(rule.kind)',
    'kinds.includes(other.rule.kind)',
    "rule.kind.endsWith('Capacity')",
    'const code = ruleCodes[rule.kind]',
    'rules.filter(({ kind }) => set.has(kind))',
  ].map((text) => ({ path: 'packages/protocol/src/plan/a.ts', text })),
  good: [
    { path: 'packages/protocol/src/plan/a.ts', text: "const rule: Rule = { kind: 'ban', vms, hosts }" },
    { path: 'packages/protocol/src/plan/a.ts', text: `const text = \`\${rule.name ?? rule.kind}: broken\`` },
    { path: 'packages/protocol/src/plan/a.ts', text: "if (constraintOf(rule).is === 'cap') return" },
    { path: 'packages/placement/src/rules/spread.ts', text: "if (rule.kind === 'spread') return" },
    { path: 'packages/placement/src/formats/btrplace.ts', text: "switch (id) {\n  case 'spread':\n}" },
    { path: 'packages/sim/src/hypervisor/a.ts', text: "if (fault.kind === 'split') return" },
    { path: 'packages/protocol/src/plan/a.test.ts', text: "rules.some((rule) => rule.kind === 'seq')" },
  ],
}

/** What files of rules may import: each other, the data that they are about, and its words. */
const ground =
  /^(?:\.\/[\w-]+|(?:\.\.\/)+(?:[\w-]+\/)?(?:ids|labels|names|problem|situation|demand-forecast))\.ts$/

export const rulesStandAlone: Rule = {
  name: 'files of rules import nothing of solver and planner, so that their checkers share nothing with them',
  judge: (source) =>
    !product(source) || !inRules(source.path) || !packages.includes(packageOf(source.path) ?? '')
      ? []
      : importsOf(source)
          .filter(({ value }) => !ground.test(value))
          .map(({ value, at }) => `${lineOf(source, at)}: ${value}`),
  bad: [
    "import { separationConstraint } from '../model/constraints/separation.ts'",
    "import type { Model } from '../model.ts'",
    "import { planOrder } from '../../plan/planner.ts'",
    "import { z } from 'zod'",
  ].map((text) => ({ path: 'packages/placement/src/rules/spread.ts', text })),
  good: [
    {
      path: 'packages/placement/src/rules/spread.ts',
      text: "import type { VmId } from '../../ids.ts'\nimport { checkApart } from './check-apart.ts'\nimport type { ProblemVm } from '../problem.ts'",
    },
    { path: 'packages/placement/src/model/model.ts', text: "import { parts } from './parts/part.ts'" },
    { path: 'packages/protocol/src/solve/rules/a.test.ts', text: "import { solve } from '../solver.ts'" },
  ],
}
