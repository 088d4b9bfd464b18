/** Colours, where they are wanted and understood; and text cut to the width it has. */
import { stripVTControlCharacters } from 'node:util'

export interface Paint {
  readonly dim: (text: string) => string
  readonly bold: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly warn: (text: string) => string
  readonly act: (text: string) => string
  /** By load, permille of what is usable: green, yellow, orange, red. */
  readonly load: (permille: number, text: string) => string
  /** One of eight distinct colours, by number. */
  readonly hue: (number: number, text: string) => string
}

// `styleText` knows no palette of 256 colours, and many terminals know no others than these.
const hues = [39, 213, 214, 48, 141, 203, 87, 228] as const
const loadHue = (permille: number): number =>
  permille > 1_000 ? 196 : permille > 900 ? 208 : permille > 750 ? 220 : permille > 500 ? 113 : 72

export const paintOf = (colour: boolean): Paint => {
  const sgr =
    (code: string) =>
    (text: string): string =>
      colour && text !== '' ? `\x1b[${code}m${text}\x1b[0m` : text
  return {
    dim: sgr('2'),
    bold: sgr('1'),
    good: sgr('38;5;78'),
    bad: sgr('1;38;5;203'),
    warn: sgr('38;5;215'),
    act: sgr('38;5;81'),
    load: (permille, text) => sgr(`38;5;${loadHue(permille)}`)(text),
    hue: (number, text) => sgr(`1;38;5;${hues[number % hues.length] ?? hues[0]}`)(text),
  }
}

/** `NO_COLOR` (no-color.org) and a dumb terminal are respected. */
export const wantsColour = (env: NodeJS.ProcessEnv, isTty: boolean): boolean =>
  isTty && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'

/** Columns that it takes: all our characters are one column wide. */
export const widthOf = (text: string): number => [...stripVTControlCharacters(text)].length

/** Plain text (no escapes) cut or padded to exactly `width` columns. */
export const fit = (text: string, width: number): string => {
  const characters = [...text]
  if (characters.length > width) return width < 1 ? '' : `${characters.slice(0, width - 1).join('')}…`
  return text + ' '.repeat(width - characters.length)
}
