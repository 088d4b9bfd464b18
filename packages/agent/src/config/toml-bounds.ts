/**
 * Looked at before TOML is parsed: the parser takes microseconds and kilobytes for each value, and seconds for a key of thousands
 * of parts. Only what begins and ends is told apart here; whether it is TOML, the parser says.
 */

const depthMax = 64
const keyPartsMax = 64
const valuesMax = 100_000
const textMax = 32_768

interface Counts {
  depth: number
  dots: number
  values: number
}

/** Where the text or comment ends that begins at `at`; `at` itself where none does. */
const endOf = (text: string, at: number): number => {
  const first = text[at]
  if (first === '#') {
    const end = text.indexOf('\n', at)
    return end < 0 ? text.length : end
  }
  if (first !== '"' && first !== "'") return at
  const fence = text.startsWith(first.repeat(3), at) ? first.repeat(3) : first
  let end = at + fence.length
  while (end < text.length && !text.startsWith(fence, end)) {
    // A text of one line that does not end there is a mistake, which the parser tells.
    if (fence.length === 1 && text[end] === '\n') return end
    end += first === '"' && text[end] === '\\' ? 2 : 1
  }
  return end + fence.length - 1
}

const seen = (counts: Counts, character: string | undefined): string | null => {
  switch (character) {
    case '[':
    case '{':
      counts.dots = 0
      return ++counts.depth > depthMax ? `nested deeper than ${depthMax} levels` : null
    case ']':
    case '}':
      counts.dots = 0
      counts.depth--
      return null
    case '.':
      return ++counts.dots > keyPartsMax ? `a key of more than ${keyPartsMax} parts` : null
    case ',':
    case '=':
    case '\n':
      counts.dots = 0
      return ++counts.values > valuesMax ? `more than ${valuesMax} values and lines` : null
    default:
      return null
  }
}

/** What is too much of it, and where; null = nothing. */
export const tooMuchToml = (text: string): { readonly text: string; readonly line: number } | null => {
  const counts: Counts = { depth: 0, dots: 0, values: 0 }
  const found = (what: string, at: number) => ({ text: what, line: text.slice(0, at).split('\n').length })
  for (let at = 0; at < text.length; at++) {
    const end = endOf(text, at)
    if (end - at > textMax && text[at] !== '#') return found(`a text of more than ${textMax} characters`, at)
    const wrong = end === at ? seen(counts, text[at]) : null
    if (wrong !== null) return found(wrong, at)
    at = text[end] === '\n' && end > at ? end - 1 : end
  }
  return null
}
