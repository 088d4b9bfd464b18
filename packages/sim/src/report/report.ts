/** The report: everything that an experiment gave, on one page that needs nothing else. */

import { figures, migrates } from '../experiment/figures.ts'
import type { Manifest } from '../experiment/manifest.ts'
import type { Run } from '../run/result.ts'
import { allRuns, summaryTable, whereDroverLoses } from './figures-table.ts'
import { type Html, html } from './html.ts'
import { page } from './page.ts'
import { barPlot } from './plot-bars.ts'
import { durationsPlot } from './plot-durations.ts'
import { frontierPlot } from './plot-frontier.ts'
import { scalingPlots } from './plot-scaling.ts'
import { sizesPlot } from './plot-sizes.ts'
import { timelinePlayer } from './timeline-player.ts'
import { timelinesOf } from './timelines.ts'
import { algorithmsOf, type Scenario, scenariosOf, type Variant } from './variants.ts'

export interface ReportInput {
  readonly runs: readonly Run[]
  readonly manifest: Manifest
  /** Runs of the scaling study; without it, `runs` of several sizes serve. */
  readonly scaling?: readonly Run[]
}

/** As a shell reads it back. */
const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

const header = (manifest: Manifest, runs: readonly Run[]): Html => {
  const facts: readonly (readonly [string, string])[] = [
    ['drover', `${manifest.version}${manifest.commit === null ? '' : `, commit ${manifest.commit}`}`],
    ['Node.js', manifest.runtime],
    ['Begun', manifest.startedAt],
    ['Algorithms', manifest.algorithms.join(', ')],
    ['Seeds', manifest.seeds.join(', ')],
    ['Runs', String(runs.length)],
    ['Configuration', `SHA-256 ${manifest.configurationHash}`],
  ]
  return html`<header>
<h1>${manifest.name}</h1>
<p class="lead">A simulation of drover and its baselines on the same workload: same hosts, same VMs, same changes of demand.</p>
<dl>${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
<p>Again, with the same figures but for CPU time and memory:</p>
<pre class="command"><code>npx ${manifest.command.map(shellWord).join(' ')}</code></pre>
<details><summary>The configuration, every default filled in</summary><pre>${JSON.stringify(manifest.configuration, null, 2) ?? ''}</pre></details>
</header>`
}

/** A run in which nothing moved has compared nothing; a reader may not miss that. */
const alarm = (runs: readonly Run[], still: readonly Variant[]): Html | null => {
  if (runs.length === 0)
    return html`<div class="alarm" role="alert"><strong>There are no runs.</strong> Nothing was measured.</div>`
  if (runs.every(({ result }) => result.migrations === 0))
    return html`<div class="alarm" role="alert"><strong>Nothing migrated.</strong> In ${runs.length === 1 ? 'this run' : `all ${runs.length} runs`} not one migration began: the figures below say what the load did, and nothing about any scheduler.</div>`
  const names = [...new Set(still.filter(({ algorithm }) => algorithm !== 'none').map(({ label }) => label))]
  return names.length === 0
    ? null
    : html`<div class="alarm" role="alert"><strong>Nothing migrated under ${names.join(', ')}.</strong> Not one migration began in these runs: they say what the load did, and nothing about the scheduler.</div>`
}

const plots = ({ variants }: Scenario): Html => html`<div class="plots">
${frontierPlot(variants)}
${barPlot(variants, figures.overloadSeconds, 'Time with demand above capacity, summed over all hosts: what the guests suffer. Bars are means, dots single seeds.')}
${durationsPlot(variants)}
${barPlot(variants, figures.migrations, 'Live migrations that began, per run.')}
${barPlot(variants, figures.movedMiB, 'Memory sent by migrations, what was sent again included.')}
${sizesPlot(variants)}
${barPlot(variants, figures.bookedHostSeconds, 'Hosts × the time that a partition kept them from others.')}
${barPlot(variants, figures.bookedPerCure, 'The same, for each overload that migrations cured.')}
${barPlot(variants, figures.messages, 'Between hosts; central policies are given what they know for nothing.')}
${barPlot(variants, figures.bytes, 'On the wire, as above.')}
${barPlot(variants, figures.energyKwh, 'Of all hosts; idle ones draw idle power.')}
${barPlot(variants, figures.energyIdleOffKwh, 'The same, where a host without demand is off and draws nothing.')}
${barPlot(variants, figures.cpuSeconds, 'Of the machine that simulated: comparable within this report only.')}
</div>`

/** `folded`: one size of a study; its own plots are shown on demand. */
const scenarioSection = (scenario: Scenario, index: number, folded: boolean): Html => {
  const content = html`${summaryTable(scenario)}
${whereDroverLoses(scenario)}
${plots(scenario)}
${allRuns(scenario)}`
  return html`<section id="scenario-${index}">
<h2>${scenario.title}</h2>
${folded ? html`<details><summary>Figures and plots of this size</summary>${content}</details>` : content}
</section>`
}

const scalingSection = (runs: readonly Run[]): Html | null => {
  const drawn = scalingPlots(runs, algorithmsOf(runs))
  return drawn.length === 0
    ? null
    : html`<section id="scaling">
<h2>Scaling: what one agent costs as the cluster grows</h2>
<p>Flat is good: an agent that knows its neighbourhood only does not notice how many others there are.</p>
<div class="plots">${drawn}</div>
</section>`
}

/** One self-contained HTML page: no network, no other file. Size bounded by thinning (timelines.ts). */
export const renderReport = ({ runs, manifest, scaling }: ReportInput): string => {
  const scenarios = scenariosOf(runs)
  const still = scenarios.flatMap(({ variants }) => variants.filter((variant) => !migrates(variant)))
  const timelines = timelinesOf(runs, scenarios.length > 1)
  const studied = scalingSection(scaling ?? runs)
  const study = scaling === undefined && studied !== null
  const toScaling = studied === null ? [] : [{ to: 'scaling', title: 'Scaling' }]
  const links = [
    ...(study ? toScaling : []),
    ...scenarios.map(({ title }, i) => ({ to: `scenario-${i}`, title })),
    ...(timelines.shown.length > 0 ? [{ to: 'timeline-player', title: 'Timeline of hosts' }] : []),
    ...(study ? [] : toScaling),
  ]
  const body = html`${header(manifest, runs)}
${alarm(runs, still)}
${links.length > 1 ? html`<nav>${links.map(({ to, title }) => html`<a href="#${to}">${title}</a> `)}</nav>` : null}
<main>
${study ? studied : null}
${scenarios.map((scenario, i) => scenarioSection(scenario, i, study))}
${timelinePlayer(timelines)}
${study ? null : studied}
</main>`
  return page(`${manifest.name} · drover sim`, body, timelines.shown)
}
