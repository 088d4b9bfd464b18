/**
 * A function fits a screen and a head: biome's bounds on lines and on cognitive complexity see to it, save in the files
 * that a list beside this file excepts. This keeps the lists honest: a file that no longer needs its exception must leave
 * the list, and one that means to stay must say why.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface ExceptedRule {
  readonly rule: string
  /** From the root of the repository. */
  readonly list: string
  /** The file … */
  readonly needless: string
}

const exceptedRules: readonly ExceptedRule[] = [
  {
    rule: 'noExcessiveLinesPerFunction',
    list: 'test/tidy/long-functions.jsonc',
    needless: 'has no long function any more',
  },
  {
    rule: 'noExcessiveCognitiveComplexity',
    list: 'test/tidy/complex-functions.jsonc',
    needless: 'has no complex function any more',
  },
]

export interface Exceptions {
  readonly notYet: readonly string[]
  /** With the comment behind each: '' when there is none. */
  readonly forGood: readonly { readonly path: string; readonly reason: string }[]
}

const pathsOf = ({ notYet, forGood }: Exceptions): readonly string[] => [
  ...notYet,
  ...forGood.map(({ path }) => path),
]

export const readExceptions = (text: string): Exceptions => {
  const [, notYet = '', forGood = ''] = text.split(/"includes": \[/)
  const entries = (list: string) =>
    [...(list.split(/^\s*\]/m)[0] ?? '').matchAll(/^\s*"([^"]+)",?(?:\s*\/\/\s*(.*))?$/gm)].map((found) => ({
      path: found[1] ?? '',
      reason: found[2] ?? '',
    }))
  return { notYet: entries(notYet).map(({ path }) => path), forGood: entries(forGood) }
}

/** What is wrong with a list, when the files in `broken` do break its rule. */
export const judgeExceptions = (
  exceptions: Exceptions,
  broken: ReadonlySet<string>,
  needless: string,
): readonly string[] => {
  const all = pathsOf(exceptions)
  const { forGood } = exceptions
  return [
    ...all.filter((path) => !broken.has(path)).map((path) => `${path}: ${needless}: delete its line`),
    ...all.filter((path, i) => all.indexOf(path) < i).map((path) => `${path}: listed twice`),
    ...forGood
      .filter(({ path }) => !path.startsWith('packages/placement/src/'))
      .map(({ path }) => `${path}: only the solver's hot loops are excepted for good`),
    ...forGood
      .filter(({ reason }) => reason.split(/\s+/).length < 5)
      .map(({ path }) => `${path}: excepted for good, and does not say why`),
  ]
}

/** Which of these files break the rule as `biome.json` has it, whatever is excepted there. */
const breaking = (root: string, rule: string, paths: readonly string[]): ReadonlySet<string> => {
  const { linter } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))
  const complexity = { [rule]: linter.rules.complexity[rule] }
  const scratch = mkdtempSync(join(tmpdir(), 'drover-lint-'))
  try {
    const config = { linter: { rules: { preset: 'none', complexity } } }
    writeFileSync(join(scratch, 'biome.json'), JSON.stringify(config))
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
    const options = [`--config-path=${scratch}`, '--max-diagnostics=none', '--reporter=json']
    const ran = spawnSync(process.execPath, [biome, 'lint', ...options, ...paths], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 * 2 ** 20,
    })
    const found: { diagnostics: { category: string; severity: string; location: { path: string } }[] } =
      JSON.parse(ran.stdout)
    return new Set(
      found.diagnostics
        .filter(({ category, severity }) => category.endsWith(rule) && severity === 'error')
        .map(({ location }) => location.path),
    )
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

export const findingsOfExceptions = (root: string): readonly string[] =>
  exceptedRules.flatMap(({ rule, list, needless }) => {
    const exceptions = readExceptions(readFileSync(join(root, list), 'utf8'))
    const paths = pathsOf(exceptions)
    const broken = paths.length === 0 ? new Set<string>() : breaking(root, rule, paths)
    return judgeExceptions(exceptions, broken, needless).map((what) => `${list}: ${what}`)
  })
