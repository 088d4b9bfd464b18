/** What the page brings along: its styles and its program, from the files in page/, so that it needs no network. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Html, html, json, trusted } from './html.ts'
import type { PageTimeline } from './timelines.ts'

const read = (name: string): string => readFileSync(join(import.meta.dirname, 'page', name), 'utf8')

/** Modules in the order in which they need each other; each imports only earlier ones, and names are unique. */
const modules = [
  'moment.js',
  'chart-frame.js',
  'chart-layers.js',
  'chart.js',
  'timeline-text.js',
  'timeline-player.js',
  'main.js',
]

/** One module out of several: between them, imports and exports say nothing any more. */
export const program = (): string =>
  modules
    .map((name) =>
      read(name)
        .replace(/^import [^']*'[^']*'$/gm, '')
        .replace(/^export (?=const )/gm, ''),
    )
    .join('\n')

export const page = (title: string, body: Html, timelines: readonly PageTimeline[]): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${trusted(read('page.css'))}</style>
</head>
<body>
${body}
${timelines.map((timeline, i) => html`<script type="application/json" id="timeline-${i}">${json(timeline)}</script>\n`)}
<script type="module">${trusted(program())}</script>
</body>
</html>
`.html
