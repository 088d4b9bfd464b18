/** A line of terminal output as runs of equally styled text, and the styles as CSS. */

export interface Run {
  readonly column: number
  readonly text: string
  /** The SGR parameters in force, e.g. `1;38;5;203`; empty for plain text. */
  readonly style: string
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const escapes = /(\x1b\[[0-9;?]*[A-Za-z])/

export const cellsOf = (line: string): readonly Run[] => {
  const runs: Run[] = []
  let style = ''
  let column = 0
  for (const part of line.split(escapes)) {
    if (part.startsWith('\x1b[')) {
      // Our own output sets a style and resets it; it never adds to one.
      if (part.endsWith('m')) style = ['', '0'].includes(part.slice(2, -1)) ? '' : part.slice(2, -1)
      continue
    }
    if (part.trim() !== '') runs.push({ column, text: part, style })
    column += [...part].length
  }
  return runs
}

export const styleName = (style: string): string => `s${style.replaceAll(';', '-')}`

/** The 256 colours of terminals: 16 named ones (not used here), a cube of 6³, 24 greys. */
const colourOf = (index: number): string => {
  const hex = (value: number): string => value.toString(16).padStart(2, '0')
  if (index >= 232) return `#${hex(8 + 10 * (index - 232)).repeat(3)}`
  const steps = [0, 95, 135, 175, 215, 255]
  const cube = Math.max(0, index - 16)
  return `#${[Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) => hex(steps[step] ?? 0)).join('')}`
}

export const styleRules = (styles: ReadonlySet<string>): string =>
  [...styles]
    .filter((style) => style !== '')
    .map((style) => {
      const rules: string[] = []
      const codes = style.split(';').map(Number)
      for (let i = 0; i < codes.length; i++) {
        if (codes[i] === 1) rules.push('font-weight:bold')
        if (codes[i] === 2) rules.push('opacity:.55')
        if (codes[i] === 38 && codes[i + 1] === 5) {
          rules.push(`fill:${colourOf(codes[i + 2] ?? 0)}`)
          i += 2
        }
      }
      return `.${styleName(style)}{${rules.join(';')}}`
    })
    .join('\n')
