/**
 * A function fits a screen: biome's `noExcessiveLinesPerFunction` sees to it, save in the files that
 * `long-functions.jsonc` lists. This keeps that list honest: a file whose long function has been split must leave it, and
 * one that means to stay long must say why.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const rule = 'noExcessiveLinesPerFunction'
const listPath = 'test/tidy/long-functions.jsonc'

export interface LongFunctions {
  readonly notYetSplit: readonly string[]
  /** With the comment behind each: '' when there is none. */
  readonly forGood: readonly {
    readonly path: string
    readonly reason: string
  }[]
}

export const readLongFunctions = (text: string): LongFunctions => {
  const [, notYetSplit = '', forGood = ''] = text.split(/"includes": \[/)
  const entries = (list: string) =>
    [...(list.split(/^\s*\]/m)[0] ?? '').matchAll(/^\s*"([^"]+)",?(?:\s*\/\/\s*(.*))?$/gm)].map((found) => ({
      path: found[1] ?? '',
      reason: found[2] ?? '',
    }))
  return {
    notYetSplit: entries(notYetSplit).map(({ path }) => path),
    forGood: entries(forGood),
  }
}

/** What is wrong with the list, when the files in `long` have a long function. */
export const judgeLongFunctions = (
  { notYetSplit, forGood }: LongFunctions,
  long: ReadonlySet<string>,
): readonly string[] => {
  const all = [...notYetSplit, ...forGood.map(({ path }) => path)]
  return [
    ...all
      .filter((path) => !long.has(path))
      .map((path) => `${path}: has no long function any more: delete its line`),
    ...all.filter((path, i) => all.indexOf(path) < i).map((path) => `${path}: listed twice`),
    ...forGood
      .filter(({ path }) => !path.startsWith('packages/placement/src/'))
      .map(({ path }) => `${path}: only the solver's hot loops stay long for good`),
    ...forGood
      .filter(({ reason }) => reason.split(/\s+/).length < 5)
      .map(({ path }) => `${path}: stays long for good, and does not say why`),
  ]
}

/** Which of these files have a function above the bound of `biome.json`, whatever is excepted there. */
const longAmong = (root: string, paths: readonly string[]): ReadonlySet<string> => {
  const { linter } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))
  const bound: unknown = linter.rules.complexity[rule]
  const scratch = mkdtempSync(join(tmpdir(), 'drover-lint-'))
  try {
    writeFileSync(
      join(scratch, 'biome.json'),
      JSON.stringify({
        linter: {
          rules: {
            preset: 'none',
            complexity: {
              [rule]: bound,
            },
          },
        },
      }),
    )
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
    const options = [`--config-path=${scratch}`, '--max-diagnostics=none', '--reporter=json']
    const ran = spawnSync(process.execPath, [biome, 'lint', ...options, ...paths], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 * 2 ** 20,
    })
    const found: {
      diagnostics: {
        category: string
        severity: string
        location: {
          path: string
        }
      }[]
    } = JSON.parse(ran.stdout)
    return new Set(
      found.diagnostics
        .filter(({ category, severity }) => category.endsWith(rule) && severity === 'error')
        .map(({ location }) => location.path),
    )
  } finally {
    rmSync(scratch, {
      recursive: true,
    })
  }
}

export const findingsOfLongFunctions = (root: string): readonly string[] => {
  const list = readLongFunctions(readFileSync(join(root, listPath), 'utf8'))
  const all = [...list.notYetSplit, ...list.forGood.map(({ path }) => path)]
  return judgeLongFunctions(list, all.length === 0 ? new Set() : longAmong(root, all))
}
