/** The place of the timeline on the page; report/page/timeline-player.js brings it to life. */
import { timelineHostsMax } from '../run/result.ts'
import { type Html, html } from './html.ts'
import { counted } from './numbers.ts'
import type { Timelines } from './timelines.ts'

const runChoice = ({ shown }: Timelines, orNothing: boolean): Html =>
  html`${orNothing ? html`<option value="">nothing</option>` : null}${shown.map(({ title }, i) => html`<option value="${i}">${title}</option>`)}`

export const timelinePlayer = (timelines: Timelines): Html | null => {
  const { shown, crowdedOut, without } = timelines
  const absent = [
    without > 0 ? `${counted(without, 'run')} kept no timeline (more than ${timelineHostsMax} hosts).` : '',
    crowdedOut > 0 ? `${counted(crowdedOut, 'further run')} found no room in this file.` : '',
  ].join(' ')
  if (shown.length === 0) return without > 0 ? html`<p class="note">No timeline: ${absent}</p>` : null
  return html`<section id="timeline-player" class="timeline-player">
<h2>Timeline of hosts</h2>
<p class="note">One row per host. <span class="key overload"></span> overloaded, <span class="key held"></span> held by a partition, <span class="key move"></span> a migration from its source to its destination, from its begin to its end; at the cursor, arrows between the two hosts. Drag over the picture, or use the keys: ← → one second (with shift ten), Home, End, space plays, n and p go to the next and the previous event. ${absent}</p>
<div class="controls">
<label>Run <select data-role="run">${runChoice(timelines, false)}</select></label>
${shown.length > 1 ? html`<label>below it <select data-role="other">${runChoice(timelines, true)}</select></label>` : null}
<span class="group"><button type="button" data-role="previous" title="Previous event (p)">‹ event</button>
<button type="button" data-role="play" title="Play or pause (space)">Play</button>
<button type="button" data-role="next" title="Next event (n)">event ›</button></span>
<label>Speed <select data-role="speed"><option value="1">1×</option><option value="5">5×</option><option value="20" selected>20×</option><option value="60">60×</option></select></label>
<label>Shown <select data-role="span"><option value="0">the whole run</option><option value="600">10 minutes</option><option value="120">2 minutes</option><option value="30">30 seconds</option></select></label>
<label class="slider">Time <input type="range" data-role="time" min="0" max="0" step="1" value="0" aria-label="Time of the cursor"></label>
</div>
<div class="stage" tabindex="0" role="group" aria-label="Timeline; arrow keys move the cursor"><div class="pane" data-role="pane"></div><div class="pane" data-role="otherPane" hidden></div></div>
<noscript><p class="alarm">The timeline needs JavaScript; everything else on this page does not.</p></noscript>
<details data-role="list"><summary>The same as a table</summary><div></div></details>
</section>`
}
