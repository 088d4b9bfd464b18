/**
 * Text of others on a terminal. An escape sequence in the name of a VM could recolour or forge lines: control characters, and
 * those that change the direction of writing, are shown as `\u001b`.
 */

/** C0 and DEL, C1, line and paragraph separators, marks and overrides of direction, the byte order mark. */
const hidden =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** One line, whatever is in the text. */
export const printable = (text: string): string =>
  text.replace(hidden, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** The same for text that has lines of its own. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n')
