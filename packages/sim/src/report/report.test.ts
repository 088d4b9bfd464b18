/**
 * A researcher ran a comparison and opens the report a month later on a train: everything is in the one file, every figure
 * of every run, the ones where drover loses included; and no name in a configuration can break the page or run in it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Script } from 'node:vm'
import { figures, titleOf } from '../experiment/figures.ts'
import type { Run } from '../run/result.ts'
import { madeUpComparison, madeUpManifest, madeUpRun } from '../testing/made-up-runs.ts'
import { program } from './page.ts'
import { renderReport } from './report.ts'

const report = (runs: readonly Run[], more: { readonly scaling?: readonly Run[] } = {}): string =>
  renderReport({ runs, manifest: madeUpManifest, ...more })

/** Tags balance, as far as a browser's repairs would otherwise hide it. */
const unbalanced = (page: string): readonly string[] => {
  const open: string[] = []
  const wrong: string[] = []
  const markup = page.replace(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>/g, '')
  for (const [, end, name = '', self] of markup.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/g)) {
    if (self === '/' || ['meta', 'link', 'input'].includes(name)) continue
    if (end === '') open.push(name)
    else if (open.pop() !== name) wrong.push(name)
  }
  return [...wrong, ...open]
}

const seeds = [23, 24, 25]
const comparison = madeUpComparison(seeds)

test('the page is whole, of well-formed markup, and asks nothing of any network', () => {
  const page = report(comparison)
  assert.ok(page.startsWith('<!doctype html>'))
  assert.deepEqual(unbalanced(page), [])
  assert.doesNotMatch(page, /(?:src|href)="(?!#|data:)|@import|url\(|\bfetch\(|https?:/)
  assert.doesNotMatch(page, />\s*(?:NaN|undefined|Infinity|null)\s*</)
  assert.doesNotMatch(page, /="[^"]*NaN/)
})

test('every figure stands in the summary, and every field of every run in the list of runs', () => {
  const page = report(comparison)
  for (const figure of Object.values(figures)) assert.ok(page.includes(titleOf(figure)), titleOf(figure))
  for (const field of Object.keys(comparison[0]!.result).filter((name) => name !== 'overloadDurationsS'))
    assert.match(page, new RegExp(`<th scope="col">${field}</th>`))
  for (const { result } of comparison)
    assert.ok(page.includes(`title="${result.traceHash}"`), result.algorithm)
  assert.ok(
    page.includes(
      "npx drover sim compare 'examples/vm places.toml' --seeds 23,24,25".replaceAll("'", '&#39;'),
    ),
  )
  assert.ok(page.includes(madeUpManifest.configurationHash))
})

test('every plot says what it shows, on which axes, and says it again as a table', () => {
  const plots = report(comparison).match(/<figure[\s\S]*?<\/figure>/g) ?? []
  assert.equal(plots.length, 13)
  for (const plot of plots) {
    const title = /<h3>([^<]+)<\/h3>/.exec(plot)?.[1]
    assert.ok(title, plot.slice(0, 200))
    assert.match(plot, /<text class="label"[^>]*>[^<]+</, title)
    assert.match(plot, /<table>[\s\S]*<td>/, title)
    assert.match(plot, /data-tip="[^"]+"/, title)
    assert.match(plot, /<svg role="img" aria-label="[^"]+"/, title)
    for (const algorithm of new Set(comparison.map(({ result }) => result.algorithm)))
      assert.ok(plot.includes(`>${algorithm}`), `${title} names ${algorithm}`)
  }
})

test('an algorithm has one colour in every plot, and no two algorithms share one', () => {
  const page = report(comparison)
  const looks = new Map<string, Set<string>>()
  for (const [, look = '', algorithm = ''] of page.matchAll(/look-(\d+)[^>]*data-algorithm="([^"]+)"/g))
    looks.set(algorithm, (looks.get(algorithm) ?? new Set()).add(look))
  for (const [algorithm, own] of looks) assert.equal(own.size, 1, algorithm)
  assert.equal(new Set([...looks.values()].flatMap((own) => [...own])).size, looks.size)
  assert.equal(looks.size, 7)
})

test('names from a configuration cannot leave their place', () => {
  const evil = `</script><script>alert(1)</script><!-- "'&`
  const run = madeUpRun({ algorithm: evil, preset: evil, seed: 1 })
  const timeline =
    run.timeline === null ? null : { ...run.timeline, hosts: run.timeline.hosts.map(() => evil) }
  const page = renderReport({
    runs: [{ ...run, result: { ...run.result, workload: evil }, timeline }],
    manifest: {
      ...madeUpManifest,
      name: evil,
      command: ['drover', evil],
      configuration: { evil },
      algorithms: [evil],
    },
  })
  const tame = renderReport({
    runs: [run].map((one) => ({ ...one, result: { ...one.result, algorithm: 'a', preset: 'b' } })),
    manifest: madeUpManifest,
  })
  const count = (text: string, what: string): number => text.split(what).length - 1
  for (const what of ['<script', '</script', '<!--']) assert.equal(count(page, what), count(tame, what), what)
  assert.deepEqual(unbalanced(page), [])
  const data = /<script type="application\/json" id="timeline-0">(.*?)<\/script>/s.exec(page)?.[1] ?? ''
  assert.equal(JSON.parse(data).hosts[0], evil)
})

test('runs in which nothing migrated say so before anything else; one that merely has no scheduler beside others does not', () => {
  const idle = (algorithm: string): Run => madeUpRun({ algorithm, seed: 1, migrations: 0, partition: 0 })
  assert.match(report([idle('none')]), /role="alert"><strong>Nothing migrated\.<\/strong> In this run/)
  assert.match(report([idle('none'), idle('dvms')]), /Nothing migrated\.<\/strong> In all 2 runs/)
  assert.match(report([...comparison, idle('crs')]), /Nothing migrated under crs\./)
  assert.doesNotMatch(report(comparison), /role="alert"/)
})

test('no runs at all, one run, and a run that had neither overloads nor a timeline are pages too', () => {
  const calm = madeUpRun({
    algorithm: 'drover',
    seed: 1,
    overloads: 0,
    migrations: 0,
    partition: 0,
    withTimeline: false,
  })
  for (const [runs, says] of [
    [[], /There are no runs\./],
    [[madeUpRun({ algorithm: 'drover', seed: 1 })], /Means over 1 seed;/],
    [[calm], /1 run kept no timeline/],
  ] as const) {
    const page = report(runs)
    assert.match(page, says)
    assert.deepEqual(unbalanced(page), [])
    assert.doesNotMatch(page.replace(/<script[\s\S]*?<\/script>/g, ''), /NaN|Infinity|undefined|>null</)
  }
})

test('the best of each column is marked, and where drover loses is written out', () => {
  const at = (algorithm: string, overloads: number, migrations: number): Run =>
    madeUpRun({ algorithm, seed: 1, overloads, lengthS: 10, migrations })
  const page = report([at('drover', 20, 60), at('dvms', 60, 40), at('none', 90, 0)])
  const best = [...page.matchAll(/<tr data-algorithm="([^"]+)"[\s\S]*?<\/tr>/g)].map(
    ([row, algorithm]) => [algorithm, (row.match(/class="best"/g) ?? []).length] as const,
  )
  assert.ok((Object.fromEntries(best)['drover'] ?? 0) >= 2)
  assert.match(page, /<th scope="row">Migrations<\/th><td>60<\/td><td class="text">dvms 40<\/td>/)
  assert.match(page, /No baseline is at least as good in both/)
  assert.match(report([at('drover', 60, 60), at('dvms', 20, 40)]), /Beaten on the frontier.*by dvms\./)
})

test('another workload or size is another section: unlike runs are never averaged', () => {
  const page = report([...comparison, madeUpRun({ algorithm: 'drover', seed: 23, hosts: 128 })])
  assert.match(page, /id="scenario-1"/)
  assert.match(page, /<h2>vmplaces: 128 hosts, 1280 VMs, 1800 s<\/h2>/)
})

test('the scaling study is drawn over the sizes, with the growth from 256 hosts on', () => {
  const scaling = [64, 256, 1024, 10_000].map((hosts) =>
    madeUpRun({ algorithm: 'drover', hosts, seed: 1, withTimeline: false }),
  )
  const page = report(comparison, { scaling })
  assert.match(page, /<section id="scaling">/)
  assert.match(page, /10,000 hosts/)
  assert.match(page, /% from 256 to 10000/)
  assert.doesNotMatch(report(comparison), /<section id="scaling">/)
})

test('a week of timelines stays a file that a browser opens at once, and says what was left out', () => {
  const long = madeUpRun({ algorithm: 'drover', seed: 1, hosts: 512, overloads: 3_000, migrations: 8_000 })
  const runs = Array.from({ length: 60 }, (_, seed) => ({ ...long, result: { ...long.result, seed } }))
  const page = report(runs)
  assert.ok(page.length < 8_000_000, `${page.length} characters`)
  assert.match(page, /further runs found no room/)
  const data = /<script type="application\/json" id="timeline-0">(.*?)<\/script>/s.exec(page)?.[1] ?? ''
  assert.ok(JSON.parse(data).omitted > 0)
})

test('the program of the page, several files made one, parses', () => {
  const text = program()
  assert.doesNotMatch(text, /^(?:import|export)\b/m)
  assert.ok(new Script(`(() => {${text}\n})`))
})
