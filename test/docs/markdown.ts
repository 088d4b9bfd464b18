/** What a page of documentation claims: links, headings, code. */

export interface Code {
  /** What follows the fence, e.g. `toml`; empty for a span within text. */
  readonly language: string
  readonly text: string
  readonly line: number
}

export interface Link {
  readonly target: string
  readonly line: number
}

const lineAt = (text: string, at: number): number => text.slice(0, at).split('\n').length

/** A fence, or a span with any number of backticks. */
const codePattern = /^```([a-z]*)\n([\s\S]*?)^```$|(`+)(.+?)\3/gm

export const codeOf = (page: string): readonly Code[] =>
  [...page.matchAll(codePattern)].map((found) => ({
    language: found[1] ?? '',
    text: found[2] ?? found[4] ?? '',
    line: lineAt(page, found.index) + (found[2] === undefined ? 0 : 1),
  }))

/** The page with its code blanked out, so that nothing in code is taken for a link or a heading. */
export const prose = (page: string): string =>
  page.replace(codePattern, (code) => code.replace(/[^\n]/g, ' '))

/** Of text and of pictures, in Markdown or HTML. */
export const linksOf = (page: string): readonly Link[] =>
  [...prose(page).matchAll(/\]\(([^)\s]+)\)|\b(?:src|href|srcset)="([^"]+)"/g)].map((found) => ({
    target: found[1] ?? found[2] ?? '',
    line: lineAt(page, found.index),
  }))

/** As the usual renderers name headings. */
export const anchorsOf = (page: string): readonly string[] =>
  page
    .replace(/^```[\s\S]*?^```$/gm, '')
    .split('\n')
    .filter((line) => /^#{1,6} /.test(line))
    .map((line) =>
      line
        .replace(/^#+ /, '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    )

/** The commands of a code: what follows a prompt where there is one, all lines of a shell block, a span as it is. */
export const commandLines = ({ language, text }: Code): readonly string[] => {
  const lines = text.split('\n')
  if (language === 'console') return lines.filter((line) => /^[#$] /.test(line)).map((line) => line.slice(2))
  return language === 'sh' || language === '' ? lines : []
}
