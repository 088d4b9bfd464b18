/** Which format a document is in, and what it says. */
import { readBtrplace } from './btrplace.ts'
import { BadDocument, type DocumentRead, fieldsAt } from './document.ts'
import { readNative } from './native.ts'

/** `document`: parsed JSON. */
export const readDocument = (document: unknown): DocumentRead => {
  try {
    const fields = fieldsAt(document, '')
    if (fields['model'] !== undefined)
      return { kind: 'problem', format: 'btrplace', objective: 'moves', ...readBtrplace(fields) }
    return {
      kind: 'problem',
      format: 'drover',
      problem: readNative(document),
      objective: 'time',
      contradiction: null,
    }
  } catch (error) {
    if (error instanceof BadDocument) return { kind: 'bad', path: error.path, text: error.message }
    throw error
  }
}
