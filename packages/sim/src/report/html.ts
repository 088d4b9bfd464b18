/** Text into HTML that cannot break out of its place: whatever is not `Html` already is escaped. */

export interface Html {
  readonly html: string
}
export type Part = Html | string | number | null | readonly Part[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
export const escapeText = (text: string): string => text.replace(/[&<>"']/g, (c) => entities[c] ?? c)

const rendered = (part: Part): string => {
  if (part === null) return ''
  if (typeof part === 'string') return escapeText(part)
  if (typeof part === 'number') return String(part)
  if ('html' in part) return part.html
  return part.map(rendered).join('')
}

/** html`<p title="${anything}">${anything}</p>`: attributes must be quoted. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  html: strings.map((text, i) => text + rendered(parts[i] ?? null)).join(''),
})

/** Ours already, or made to be safe: a stylesheet, a script. Never text of a run. */
export const trusted = (text: string): Html => ({ html: text })

/** Data for a `<script type="application/json">`: nothing in it can end the element or begin a comment in it. */
export const json = (data: unknown): Html => trusted(JSON.stringify(data).replace(/</g, '\\u003c'))
