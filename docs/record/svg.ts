/** Pictures of a terminal as one SVG that plays by itself: a film strip of frames, moved in steps by CSS. */
import { cellsOf, type Run, styleName, styleRules } from './ansi.ts'

export interface Frame {
  readonly lines: readonly string[]
  /** How long it stays, ms. */
  readonly holdMs: number
}

const cell = { width: 7.2, height: 15, fontSize: 12 } as const
const margin = 10

const number = (value: number): string => String(Number(value.toFixed(2)))
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Share of a cell that a block character fills, from the left; null for any other character. */
const filled = (character: string): number | null => {
  const at = ['█', '▉', '▊', '▋', '▌', '▍', '▎', '▏'].indexOf(character)
  return at < 0 ? null : (8 - at) / 8
}

/** Bars are drawn, not written: fonts disagree about the width of blocks. */
const drawRun = ({ column, text, style }: Run): string => {
  const css = style === '' ? '' : ` class="${styleName(style)}"`
  const parts: string[] = []
  const characters = [...text]
  for (let i = 0; i < characters.length; ) {
    const start = i
    let width = 0
    for (let share = filled(characters[i]!); share !== null && i < characters.length; i++) {
      width += share
      share = filled(characters[i + 1] ?? ' ')
    }
    if (i > start) {
      parts.push(
        `<rect${css} x="${number((column + start) * cell.width)}" y="2" width="${number(width * cell.width)}" height="${cell.height - 4}"/>`,
      )
      continue
    }
    while (i < characters.length && filled(characters[i]!) === null) i++
    const words = characters.slice(start, i).join('')
    if (words.trim() === '') continue
    const lead = words.length - words.trimStart().length
    const shown = words.trim()
    parts.push(
      `<text${css} x="${number((column + start + lead) * cell.width)}" y="${cell.fontSize - 0.5}" textLength="${number([...shown].length * cell.width)}">${escaped(shown)}</text>`,
    )
  }
  return parts.join('')
}

/** `still` is shown where motion is not wanted. */
export const svgOf = (
  frames: readonly Frame[],
  size: { readonly columns: number; readonly rows: number },
  title: string,
): string => {
  const width = Math.ceil(size.columns * cell.width + 2 * margin)
  const height = size.rows * cell.height + 2 * margin
  const rows = new Map<string, string>()
  const styles = new Set<string>()
  const rowId = (line: string): string => {
    const known = rows.get(line)
    if (known !== undefined) return known
    const id = `r${rows.size.toString(36)}`
    rows.set(line, id)
    return id
  }
  const film = frames.map(({ lines }, frame) => {
    const uses = lines.flatMap((line, row) =>
      cellsOf(line).length === 0
        ? []
        : [`<use href="#${rowId(line)}" y="${frame * height + row * cell.height}"/>`],
    )
    return uses.join('')
  })
  const drawn = [...rows].map(([line, id]) => {
    const runs = cellsOf(line)
    for (const { style } of runs) styles.add(style)
    return `<g id="${id}">${runs.map(drawRun).join('')}</g>`
  })
  const totalMs = frames.reduce((sum, { holdMs }) => sum + holdMs, 0)
  let atMs = 0
  const stops = frames.map(({ holdMs }, frame) => {
    const stop = `${number((100 * atMs) / totalMs)}%{transform:translateY(${-frame * height}px)}`
    atMs += holdMs
    return stop
  })
  const last = -(frames.length - 1) * height
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" xml:space="preserve">
<title>${escaped(title)}</title>
<style>
text{font:${cell.fontSize}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}
text,rect{fill:#d3dae3}
${styleRules(styles)}
.film{transform:translateY(${last}px);animation:film ${number(totalMs / 1000)}s steps(1,end) infinite}
@keyframes film{${stops.join('')}}
@media (prefers-reduced-motion:reduce){.film{animation:none}}
</style>
<rect width="${width}" height="${height}" rx="6" style="fill:#12161c"/>
<defs>
${drawn.join('\n')}
</defs>
<svg x="${margin}" y="${margin}" width="${width - 2 * margin}" height="${height - 2 * margin}"><g class="film">
${film.join('\n')}
</g></svg>
</svg>
`
}
