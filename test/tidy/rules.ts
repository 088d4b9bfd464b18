/**
 * House style, as rules over one file at a time. Each brings what it must complain about and what it must not: a rule
 * that cannot fail protects nothing.
 */
import { posix } from 'node:path'
import { roomsOpenOneWay } from './directions.ts'
import { loopOnlyChecks } from './event-loop.ts'
import { policyNumbersAtHome } from './policy-numbers.ts'
import { noSortingByKind, rulesStandAlone } from './rule-kinds.ts'
import {
  findAll,
  importsOf,
  isTest,
  isTestSupport,
  lineOf,
  packageOf,
  readSource,
  type Source,
} from './source.ts'

export interface Rule {
  readonly name: string
  /** One complaint per finding: `line: what`. */
  readonly judge: (source: Source) => readonly string[]
  readonly bad: readonly Snippet[]
  readonly good: readonly Snippet[]
}
interface Snippet {
  readonly path: string
  readonly text: string
}

const product = (source: Source): boolean => !isTest(source.path) && !isTestSupport(source.path)
/** What decides, and so must be pure. */
const pure: readonly (string | null)[] = ['placement', 'protocol']
const core = (source: Source): boolean => pure.includes(packageOf(source.path)) && product(source)
const isTypeScript = (source: Source): boolean => source.path.endsWith('.ts')

/** Which of our packages each package may import; nothing else in the core but what is listed. */
const directions: Readonly<Record<string, readonly string[]>> = {
  placement: [],
  protocol: ['placement'],
  agent: ['protocol', 'placement'],
  sim: ['agent', 'protocol', 'placement'],
}
/** What a package shows of itself beside its `index.ts`. */
const pages: Readonly<Record<string, readonly string[]>> = {
  agent: ['/cli', '/runtime'],
  sim: ['/cli', '/story'],
}
/**
 * Against the direction, on demand only: the one program `drover` finds the simulator's commands when they are asked
 * for. It names no type of theirs, and says so in words when they are not installed.
 */
const onDemand: Readonly<Record<string, string>> = { 'packages/agent/src/cli/sim.ts': '@drover/sim/cli' }
const pureLibraries: Readonly<Record<string, readonly string[]>> = {
  placement: ['zod'],
  protocol: ['zod', 'cborg'],
}

const inCore = (name: string): Snippet['path'] => `packages/protocol/src/${name}.ts`

/** The tests of a pure package stand on what it stands on: they run where the package stands alone. */
const againstTheWay = (source: Source, own: string): readonly string[] =>
  importsOf(source).flatMap(({ value, at }) => {
    const target = value.startsWith('.')
      ? packageOf(posix.join(posix.dirname(source.path), value))
      : (/^@drover\/([^/]+)/.exec(value)?.[1] ?? own)
    return target === null || target === own || (directions[own] ?? []).includes(target)
      ? []
      : [`${lineOf(source, at)}: ${value}: a test against the direction`]
  })

const importDirections: Rule = {
  name: 'imports go one way: sim → agent → protocol → placement, and the last two import nothing that does I/O',
  judge: (source) => {
    const own = packageOf(source.path)
    if (own === null) return []
    if (!product(source)) return isTest(source.path) && pure.includes(own) ? againstTheWay(source, own) : []
    return importsOf(source).flatMap(({ value, at, before }) => {
      const say = (what: string): string[] => [`${lineOf(source, at)}: ${value}: ${what}`]
      if (value.startsWith('.')) {
        const target = posix.join(posix.dirname(source.path), value)
        if (packageOf(target) !== own) return say('reaches into another package')
        if (isTest(target) || isTestSupport(target)) return say('the product imports what is for tests')
        return []
      }
      const [, name, page] = /^@drover\/([^/]+)(\/.*)?$/.exec(value) ?? []
      if (name !== undefined) {
        if (onDemand[source.path] === value && /\bimport\s*\($/.test(before)) return []
        if (page !== undefined && !(pages[name] ?? []).includes(page))
          return say('only the public pages of another package')
        return (directions[own] ?? []).includes(name) ? [] : say('against the direction')
      }
      if (pureLibraries[own]?.includes(value) === false) return say('the core does no I/O')
      return []
    })
  },
  bad: [
    { path: inCore('a'), text: "import { readFileSync } from 'node:fs'" },
    { path: inCore('a'), text: "import type { PeerId } from '@libp2p/interface'" },
    { path: inCore('a'), text: "export * from '@drover/agent'" },
    { path: inCore('a'), text: "const a = await import('node:os')" },
    { path: inCore('a'), text: "import 'node:process'" },
    { path: 'packages/agent/src/a.ts', text: "import {\n  a,\n} from '../../sim/src/index.ts'" },
    { path: 'packages/agent/src/a.ts', text: "import { a } from '@drover/sim'" },
    { path: 'packages/placement/src/a.ts', text: "import type { PartitionId } from '@drover/protocol'" },
    { path: 'packages/placement/src/a.ts', text: "import { encode } from 'cborg'" },
    { path: 'packages/protocol/src/a.ts', text: "import { a } from '@drover/placement/src/model/model.ts'" },
    { path: 'packages/sim/src/a.ts', text: "import { a } from '@drover/protocol/src/ids.ts'" },
    { path: 'packages/sim/src/a.ts', text: "import { a } from '@drover/protocol/cli'" },
    { path: 'packages/agent/src/cli/sim.ts', text: "import { a } from '@drover/sim/cli'" },
    { path: 'packages/agent/src/cli/a.ts', text: "const a = await import('@drover/sim/cli')" },
    { path: 'packages/agent/src/a.ts', text: "import { a } from './hypervisor/compliance.ts'" },
    { path: 'packages/placement/src/a.test.ts', text: "import { a } from '../../protocol/src/data/ids.ts'" },
    { path: inCore('a.test'), text: "import { a } from '@drover/sim/story'" },
  ],
  good: [
    { path: inCore('ring/a'), text: "import { z } from 'zod'\nimport { a } from '../ids.ts'" },
    { path: inCore('ring/a'), text: "import { a } from '@drover/placement'" },
    { path: inCore('a.test'), text: "import assert from 'node:assert/strict'" },
    { path: inCore('ring/a.test'), text: "import { a } from '../../../placement/src/problem/ids.ts'" },
    { path: inCore('a'), text: "// import { a } from 'node:fs'\nconst text = 'from', b = 'node:fs'" },
    { path: 'packages/sim/src/a.ts', text: "import { a } from '@drover/agent'\nimport { b } from 'node:fs'" },
    { path: 'packages/sim/src/a.ts', text: "import { a } from '@drover/agent/cli'" },
    { path: 'packages/agent/src/cli/sim.ts', text: "const a = await import('@drover/sim/cli')" },
    { path: 'packages/agent/src/a.test.ts', text: "import { a } from '../../sim/src/world.ts'" },
  ],
}

/** A name of the surroundings: not a property, not a key, not part of a longer word. */
const ambient = (names: string): RegExp => new RegExp(`(?<![\\w$.])(?:${names})(?![\\w$]|\\s*\\??:)`)

const noSurroundings: Rule = {
  name: 'the core reads no clock, draws no lots, waits for nothing and prints nothing',
  judge: (source) =>
    core(source)
      ? [
          ...findAll(
            source,
            ambient(
              'Date|setTimeout|setInterval|setImmediate|queueMicrotask|async|await|Promise|process|console|crypto|performance|globalThis|Temporal|fetch|require|Buffer',
            ),
          ),
          ...findAll(source, /\bMath\s*\.\s*random\b/),
        ]
      : [],
  bad: [
    ...[
      'const now = Date.now()',
      'const at = new Date()',
      'const r = Math.random()',
      'setTimeout(() => {}, 1)',
      'const f = async () => 1',
      'await f()',
      'const p: Promise<void> = f()',
      'process.exit(1)',
      'console.log(1)',
      'crypto.randomUUID()',
      'performance.now()',
      `const a = \`\${Date.now()}\``,
    ].map((text) => ({ path: inCore('a'), text })),
  ],
  good: [
    { path: inCore('a'), text: "// Date.now()\n/* await */ const text = 'console.log(process)'" },
    { path: inCore('a'), text: 'const p = { process: 1 }.process; const r = /Date|async/' },
    { path: inCore('a'), text: `const a = \`Date.now() \${1}\`` },
    { path: inCore('a.test'), text: 'console.log(process.pid)' },
    { path: 'packages/agent/src/a.ts', text: 'await Promise.resolve(Date.now())' },
  ],
}

const sameEverywhere: Rule = {
  name: 'the core decides alike on every machine: no locale, no transcendental functions',
  judge: (source) =>
    core(source)
      ? findAll(
          source,
          /\blocaleCompare\b|\bIntl\b|\btoLocale\w*|\bMath\s*\.\s*(?:a?sinh?|a?cosh?|a?tanh?|atan2|exp(?:m1)?|log(?:10|1p|2)?|pow|cbrt|hypot)\b/,
        )
      : [],
  bad: [
    'a.localeCompare(b)',
    'Math.exp(1)',
    'Math.log2(8)',
    'Math . pow(2, 3)',
    'Math.sin(1)',
    'n.toLocaleString()',
  ].map((text) => ({ path: inCore('a'), text })),
  good: [{ path: inCore('a'), text: "Math.max(1, 2); Math.imul(3, 4) // Math.log\nconst a = 'Math.exp'" }],
}

const named: Rule = {
  name: 'no default exports',
  judge: (source) => (isTypeScript(source) ? findAll(source, /\bexport\s+default\b|\bas\s+default\b/) : []),
  bad: [
    { path: 'packages/agent/src/a.ts', text: 'export default 1' },
    { path: 'test/a.ts', text: 'export { a as default }' },
  ],
  good: [
    {
      path: 'packages/agent/src/a.ts',
      text: "import a from './a.ts'\n// export default\nexport const b = a",
    },
  ],
}

const noEnums: Rule = {
  name: 'no enums and no namespaces: unions and modules',
  judge: (source) =>
    isTypeScript(source) ? findAll(source, /(?<![\w$.])(?:enum|namespace)\s+[\w$.]+\s*\{/) : [],
  bad: [
    { path: inCore('a'), text: 'enum A { B }' },
    { path: inCore('a'), text: 'export const enum A { B }' },
    { path: 'packages/sim/src/a.ts', text: 'namespace A { }' },
  ],
  good: [{ path: inCore('a'), text: "const a = z.enum(['a'])\n// enum A {" }],
}

const noAny: Rule = {
  name: 'no any',
  judge: (source) =>
    isTypeScript(source) ? findAll(source, /(?<![\w$.]|\b(?:const|let|function)\s+)any(?![\w$]|\s*\()/) : [],
  bad: ['let a: any', 'const a = b as any', 'type A = Record<string, any>', 'function f(a: any[]) {}'].map(
    (text) => ({
      path: 'packages/agent/src/a.ts',
      text,
    }),
  ),
  good: [
    {
      path: 'packages/agent/src/a.ts',
      text: "// any\nconst a = 'any'; Promise.any([]); const any = (many = /any/) => 1; any()",
    },
    { path: 'packages/agent/src/a.ts', text: 'const a: unknown = 1' },
  ],
}

export const linesMax = 400

const shortFiles: Rule = {
  name: `no file above ${linesMax} lines`,
  judge: (source) => {
    const lines = source.text.replace(/\n$/, '').split('\n').length
    return lines > linesMax ? [`${lines} lines: more than one concept?`] : []
  },
  bad: [{ path: inCore('a'), text: 'a\n'.repeat(linesMax + 1) }],
  good: [{ path: inCore('a'), text: 'a\n'.repeat(linesMax) }],
}

const story: Rule = {
  name: 'every test file begins with its story: a comment of at least eight words',
  judge: (source) => {
    if (!isTest(source.path)) return []
    const opening = /^\s*(?:\/\*[\s\S]*?\*\/|(?:\/\/[^\n]*\n)+)/.exec(source.text)?.[0] ?? ''
    const words = opening.match(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu) ?? []
    return words.length >= 8 ? [] : ['1: what is the story?']
  },
  bad: [
    {
      path: 'test/a.test.ts',
      text: "import { test } from 'node:test'\n/** A host is overloaded and cured by its neighbour. */",
    },
    { path: 'test/a.test.ts', text: '// tests\n' },
  ],
  good: [
    {
      path: 'test/a.test.ts',
      text: '/**\n * A host is overloaded, and a neighbour of its ring cures it.\n */\n',
    },
    { path: 'test/a.test.ts', text: '// A host is overloaded,\n// and a neighbour of its ring cures it.\n' },
  ],
}

/** Where `node` means something else than a host, and never a host. */
const otherNodes: readonly { readonly path: RegExp; readonly why: string }[] = [
  {
    path: /^packages\/(?:placement\/src|protocol\/src\/solve|agent\/src\/solve)\//,
    why: 'nodes of a search tree',
  },
  { path: /^bench\/tight\.ts$/, why: "the solver's budget of search nodes" },
  {
    path: /^packages\/sim\/src\/(?:baselines\/|host\/solve-in-budget)/,
    why: 'the same nodes: the budget that baselines and hosts in virtual time give our solver',
  },
  { path: /^packages\/agent\/src\/config\//, why: 'nodes of a schema' },
  {
    path: /^packages\/agent\/src\/hypervisor\/libvirt\//,
    why: "libvirt's own names (nodeGetInfo), nodes of XML",
  },
  { path: /^test\/tidy\//, why: 'the rule itself' },
  { path: /btrplace/i, why: "BtrPlace's files call hosts so" },
]

const hostsAreHosts: Rule = {
  name: 'a host is never called node: Node means Node.js',
  judge: (source) =>
    !isTypeScript(source) || otherNodes.some(({ path }) => path.test(source.path))
      ? []
      : findAll(
          source,
          /(?<![\w$])(?!node_modules\b)(?:node|nodes|nodes?[A-Z]\w*|\w*[a-z]Nodes?(?![a-z])\w*|Nodes?[A-Z]?\w*)(?![\w$])/,
        ).filter(
          (found) => !/: (?:NodeJS|Node)$/.test(found) && !/\bprocess\.version/.test(lineText(source, found)),
        ),
  bad: ['const nodeId = 1', 'for (const node of all) {}', 'interface NodeView {}', 'const deadNodes = 2'].map(
    (text) => ({
      path: 'packages/sim/src/a.ts',
      text,
    }),
  ),
  good: [
    {
      path: 'packages/sim/src/a.ts',
      text: "import { spawn } from 'node:child_process' // nodes\nconst a: NodeJS.Signals = 's'",
    },
    { path: 'packages/sim/src/a.ts', text: "const code = 'host.draining'; process.versions.node" },
    { path: 'packages/placement/src/exact/a.ts', text: 'const nodesMax = 3' },
  ],
}
const lineText = (source: Source, found: string): string =>
  source.text.split('\n')[Number.parseInt(found, 10) - 1] ?? ''

// Written in parts, so that this file does not find itself.
const place = (...parts: readonly string[]): string => `/${parts.join('/')}/x`
const registry = (...parts: readonly string[]): string => parts.join('.')

/** For every tracked text file, not only for code. */
const noPlaces: Rule = {
  name: 'no registry host and no path of one machine',
  judge: (source) => {
    const patterns = [
      /(?<![\w$}./~-])\/(?:work|root|Users|home\/[a-z]\w*)\/[\w.-]+/g,
      /\b(?:registry|npm|nexus|artifactory|verdaccio|mirrors?|proxy)\.(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|cn|eu|local|lan|internal|corp)\b(?![\w(])/g,
      /"resolved": "https?:[^"]*"/g,
    ]
    return patterns.flatMap((pattern) =>
      [...source.text.matchAll(pattern)].map((found) => `${lineOf(source, found.index)}: ${found[0]}`),
    )
  },
  bad: [
    { path: 'docs/a.md', text: `see ${place('work', 'main')}` },
    { path: 'docs/a.md', text: `(${place('root', 'a')})` },
    { path: 'a.sh', text: `cd ${place('home', 'somebody')}` },
    { path: '.npmrc', text: `//${registry('registry', 'example', 'org')}/` },
    { path: 'package-lock.json', text: `"resolved": "${'https'}://example/a.tgz"` },
  ],
  good: [
    { path: 'a.sh', text: 'cp a "$work/root/bin/b"; cd ../work/main; ls /var/lib/drover ~/work/x' },
    { path: 'a.ts', text: "await registry.metrics.io(); registry.getMetric('a')" },
    { path: 'package-lock.json', text: '"resolved": "packages/agent"' },
  ],
}

/** For TypeScript. */
export const codeRules: readonly Rule[] = [
  importDirections,
  roomsOpenOneWay,
  noSurroundings,
  sameEverywhere,
  named,
  noEnums,
  noAny,
  shortFiles,
  story,
  hostsAreHosts,
  noSortingByKind,
  rulesStandAlone,
  policyNumbersAtHome,
  loopOnlyChecks,
]

/** For every text file in the repository. */
export const textRules: readonly Rule[] = [noPlaces]

export const judgeSnippet = (rule: Rule, snippet: Snippet): readonly string[] =>
  rule.judge(readSource(snippet.path, snippet.text))
