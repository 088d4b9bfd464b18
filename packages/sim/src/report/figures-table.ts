/** The summary: every figure of every variant, the best of each marked; and in words where drover loses. */
import { bestOf, compared, lossesOf, ours, shown } from '../experiment/comparison.ts'
import { type Figure, figures, meanOf, titleOf, valuesOf } from '../experiment/figures.ts'
import { flat } from '../experiment/files.ts'
import { type Html, html } from './html.ts'
import { counted, fixed } from './numbers.ts'
import type { Scenario, Variant } from './variants.ts'

const cell = (variant: Variant, figure: Figure, best: boolean): Html => {
  const values = valuesOf(variant, figure)
  const average = meanOf(variant, figure)
  if (average === null) return html`<td>–</td>`
  const text = fixed(average, figure.decimals)
  const range =
    values.length < 2
      ? ''
      : `${fixed(Math.min(...values), figure.decimals)} to ${fixed(Math.max(...values), figure.decimals)} over ${counted(values.length, 'seed')}`
  return best
    ? html`<td class="best" data-tip="${range}">${text} <span class="star">★<span class="unseen"> best</span></span></td>`
    : html`<td data-tip="${range}">${text}</td>`
}

export const summaryTable = ({ variants, seeds }: Scenario): Html => {
  const best = compared.map((figure) => bestOf(variants, figure))
  return html`<p class="note">Means over ${counted(seeds.length, 'seed')}; less is better in every column. ★ marks the best; one that never migrates is not marked for what migrating costs, and – stands where a scheduler has no such thing (no partitions, no messages). Point at a figure for its range.</p>
<div class="scroll"><table class="summary">
<thead><tr><th scope="col">Algorithm</th>${compared.map((figure) => html`<th scope="col" data-tip="${titleOf(figure)}">${figure.head}</th>`)}<th scope="col">Runs</th></tr></thead>
<tbody>${variants.map(
    (variant) =>
      html`<tr data-algorithm="${variant.algorithm}"${ours(variant) ? html` class="ours"` : null}><th scope="row"><span class="swatch look-${variant.look}"></span>${variant.label}</th>${compared.map((figure, i) => cell(variant, figure, best[i]?.has(variant) ?? false))}<td>${variant.runs.length}</td></tr>`,
  )}</tbody>
</table></div>`
}

/** Fewer overload seconds and no more migrations, or as few seconds with fewer migrations. */
const dominates = (baseline: Variant, own: Variant): boolean => {
  const seconds = shown(baseline, figures.overloadSeconds) - shown(own, figures.overloadSeconds)
  const migrations = shown(baseline, figures.migrations) - shown(own, figures.migrations)
  return seconds <= 0 && migrations <= 0 && (seconds < 0 || migrations < 0)
}

const verdict = (own: Variant, baselines: readonly Variant[]): Html => {
  const better = baselines.filter((baseline) => dominates(baseline, own)).map(({ label }) => label)
  const worse = baselines.filter((baseline) => dominates(own, baseline)).map(({ label }) => label)
  const bySeed = own.runs.filter(({ result: r }) =>
    baselines.every((baseline) =>
      baseline.runs.every(
        ({ result }) => result.seed !== r.seed || result.overloadSeconds > r.overloadSeconds,
      ),
    ),
  )
  return html`<li><strong>${own.label}</strong> has fewer overload seconds than every baseline in ${bySeed.length} of ${counted(own.runs.length, 'run')}. ${
    better.length > 0
      ? html`<strong>Beaten on the frontier</strong> (no more overload seconds, no more migrations) by ${better.join(', ')}.`
      : 'No baseline is at least as good in both overload seconds and migrations.'
  } ${worse.length > 0 ? `It beats ${worse.join(', ')} in both.` : 'It beats no baseline in both.'}</li>`
}

/** Null when there is nothing to compare: no drover, or nothing else. */
export const whereDroverLoses = ({ variants }: Scenario): Html | null => {
  const own = variants.filter(ours)
  const baselines = variants.filter((variant) => !ours(variant))
  if (own.length === 0 || baselines.length === 0) return null
  const losses = own.flatMap((variant) => {
    const lost = lossesOf(variant, variants)
    const write = (one: Variant, figure: Figure): string => fixed(meanOf(one, figure) ?? 0, figure.decimals)
    return lost.map(
      ({ figure, better }, i) =>
        html`<tr>${i === 0 ? html`<th scope="rowgroup" rowspan="${lost.length}">${variant.label}</th>` : null}<th scope="row">${titleOf(figure)}</th><td>${write(variant, figure)}</td><td class="text">${better.map((baseline) => `${baseline.label} ${write(baseline, figure)}`).join(', ')}</td></tr>`,
    )
  })
  return html`<h3>Where drover wins, and where it loses</h3>
<ul>${own.map((variant) => verdict(variant, baselines))}</ul>
${
  losses.length === 0
    ? html`<p>No baseline has a better mean in any figure.</p>`
    : html`<div class="scroll"><table class="losses"><caption>Figures in which a baseline is better than drover, the best first</caption>
<thead><tr><th scope="col">Variant</th><th scope="col">Figure</th><th scope="col">Its mean</th><th scope="col" class="text">Better</th></tr></thead>
<tbody>${losses}</tbody></table></div>`
}`
}

/** Every figure of every run, as `--json` prints them. */
export const allRuns = ({ variants }: Scenario): Html => {
  const results = variants.flatMap(({ runs }) => runs.map(({ result }) => flat(result)))
  const head = Object.keys(results[0] ?? {})
  return html`<details><summary>Every run, every figure</summary><div class="scroll"><table class="runs">
<caption>Fields as <code>drover sim run --json</code> names them</caption>
<thead><tr>${head.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${results.map(
    (result) =>
      html`<tr>${Object.entries(result).map(([key, value]) => {
        if (key === 'traceHash') return html`<td title="${String(value)}">${String(value).slice(0, 12)}…</td>`
        if (typeof value === 'number')
          return html`<td>${Number.isInteger(value) ? String(value) : String(Number(value.toFixed(3)))}</td>`
        return html`<td class="text">${value === null ? '–' : value}</td>`
      })}</tr>`,
  )}</tbody></table></div></details>`
}
