/** What comments refer to: pages and files of this repository, and promises by their codes. */

/** Pages that design was once drawn on, and that no reader of this repository has. */
const elsewhere =
  /\b(?:architecture|scenarios|invariants|house-(?:plan|style)|operator-experience)(?:\.md)?,? (?:§|ground truth)|\bhabit \d|\bthe contract of the issue\b|\bfaults? [A-Z]\d|\b[DFO]\d{1,2}(?= |:|\))/g

/** The codes that a page's table of promises explains. */
export const promisesOf = (page: string): ReadonlySet<string> =>
  new Set(
    [...page.matchAll(/^\| ([SLQR]\d+(?:, [SLQR]\d+)*) \|/gm)].flatMap((row) => (row[1] ?? '').split(', ')),
  )

/** `line: what` for each reference that leads nowhere. */
export const wrongReferences = (
  text: string,
  promises: ReadonlySet<string>,
  exists: (path: string) => boolean,
): readonly string[] => {
  const found: string[] = []
  const say = (at: number, what: string): void =>
    void found.push(`${text.slice(0, at).split('\n').length}: ${what}`)
  for (const hit of text.matchAll(elsewhere)) say(hit.index, `${hit[0]}: no such page here`)
  for (const hit of text.matchAll(/(?<![\w/.-])(docs\/[\w/-]+\.md|(?:docs\/)?adr\/[\w-]+(?!\.md))/g)) {
    const path = (hit[1] ?? '').replace(/^adr\//, 'docs/adr/')
    if (!exists(path)) say(hit.index, `${hit[0]}: no such page`)
  }
  for (const hit of text.matchAll(/\b[SLQR]\d{1,2}\b/g))
    if (!promises.has(hit[0])) say(hit.index, `${hit[0]}: not in the table of promises`)
  return found
}

/** `line: file` for each source file that a comment names and that is nowhere. */
export const lostFiles = (text: string, exists: (path: string) => boolean): readonly string[] =>
  [...text.matchAll(/(?<![\w./'"-])((?:[\w-]+\/)*[\w-]+(?:\.test)?\.ts)\b(?!['"])/g)].flatMap((hit) =>
    exists(hit[1] ?? '') ? [] : [`${text.slice(0, hit.index).split('\n').length}: ${hit[1]}: no such file`],
  )
