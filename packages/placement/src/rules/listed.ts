/** Lists for people. */

const namesMax = 6
const listsMax = 3

/** "a, b, c" or "a, b, c, d, e, f, … (17)". */
export const some = (ids: readonly string[]): string =>
  ids.length <= namesMax ? ids.join(', ') : `${ids.slice(0, namesMax).join(', ')}, … (${ids.length})`

/** "a, b | c, d", or how many there are. */
export const someLists = (lists: readonly (readonly string[])[]): string =>
  lists.length > listsMax ? `${lists.length} groups` : lists.map((list) => some(list)).join(' | ')

/** "a", "a and b", "a, b and c". */
export const listed = (names: readonly string[], last: 'and' | 'or'): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} ${last} ${names.at(-1)}`
