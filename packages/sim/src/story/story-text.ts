/**
 * The text of a golden story: comments, then blocks of one command and its output, as in etcd-raft's `testdata`:
 *
 *     # What this story shows.
 *
 *     run 3s
 *     ----
 *       0.412 h0 persist epoch 1001
 *
 * A block ends with an empty line. A comment line begins with `#` and stays where it is.
 */

export type StoryPart =
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'command'; readonly line: number; readonly words: string; readonly output: string }

const divider = '----'

export const parseStory = (text: string): readonly StoryPart[] => {
  const parts: StoryPart[] = []
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!
    if (line.trim() === '') continue
    if (line.startsWith('#')) {
      parts.push({ kind: 'comment', text: line })
      continue
    }
    const at = i + 1
    const output: string[] = []
    if (lines[i + 1] === divider) {
      i += 2
      while (i < lines.length && lines[i] !== '') output.push(lines[i++]!)
    }
    parts.push({ kind: 'command', line: at, words: line.trim(), output: output.join('\n') })
  }
  return parts
}

export const printStory = (parts: readonly StoryPart[]): string => {
  const lines: string[] = []
  let before: StoryPart['kind'] | null = null
  for (const part of parts) {
    if (part.kind === 'comment') {
      if (before === 'command') lines.push('')
      lines.push(part.text)
    } else {
      if (before !== null) lines.push('')
      lines.push(part.words, divider)
      if (part.output !== '') lines.push(part.output)
    }
    before = part.kind
  }
  return `${lines.join('\n')}\n`
}
