/**
 * Records `npm start` on a pseudo-terminal and writes the README's picture. Needs util-linux' `script`.
 *
 *     npx node docs/record/record.ts > docs/demo.svg
 *
 * Further words go to the demo (`--hosts 8`). Exits with the demo's exit code.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type Frame, svgOf } from './svg.ts'

const size = { columns: 108, rows: 34 }
/** One picture for so much of the story, shown for half as long: the film runs at twice the speed. */
const everyMs = 700
const holdMs = everyMs / 2
const lastMs = 9_000

interface Picture {
  readonly atMs: number
  readonly lines: readonly string[]
}

const root = join(import.meta.dirname, '../..')
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
const demo = [process.execPath, join(root, 'packages/sim/src/demo/demo.ts'), ...process.argv.slice(2)].map(
  quoted,
)

const child = spawn(
  'script',
  ['-qfec', `stty cols ${size.columns} rows ${size.rows}; ${demo.join(' ')}`, '/dev/null'],
  {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'xterm-256color', NO_COLOR: '' },
  },
)

const began = performance.now()
const pictures: Picture[] = []
let text = ''
child.stdout.setEncoding('utf8').on('data', (part: string) => {
  text += part
  // The demo draws whole pictures, each between these two marks (DEC mode 2026).
  for (;;) {
    const end = text.indexOf('\x1b[?2026l')
    if (end < 0) return
    const start = text.indexOf('\x1b[?2026h')
    const picture = text.slice(start, end)
    text = text.slice(end + '\x1b[?2026l'.length)
    pictures.push({
      atMs: performance.now() - began,
      // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
      lines: picture.split('\r\n').map((line) => line.replace(/\x1b\[(?:\?2026h|H|K|J)/g, '')),
    })
  }
})
const exit = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)))

/** What is left on the normal screen. */
const summary = text.slice(text.lastIndexOf('\x1b[?1049l') + '\x1b[?1049l'.length).split('\r\n')
const prompt = '\x1b[38;5;78m$\x1b[0m npm start'
const film: Frame[] = [{ lines: [prompt], holdMs: 1_000 }]
let next = 0
for (const { atMs, lines } of pictures) {
  if (atMs < next) continue
  // While the agents start there is little to see.
  next = atMs + (lines.length < 10 ? 4 : 1) * everyMs
  film.push({ lines: lines.slice(0, size.rows), holdMs })
}
film.push({ lines: [prompt, ...summary].slice(0, size.rows), holdMs: lastMs })
process.stdout.write(
  svgOf(
    film,
    size,
    'npm start: a cluster of drover agents copes with overloads, two killed agents and a host without power',
  ),
)
process.exitCode = exit
