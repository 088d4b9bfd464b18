/**
 * Which test files share a process. Most of a small file's time is the start of a process and the loading of the core, so
 * files of one package run in one process, one after the other. A file stays alone when it could disturb others or be
 * disturbed by them: when it has hooks before or after each test (they would be the hooks of all), starts processes or
 * workers, or waits on the real clock (its waiting would hold the others up).
 */
/** In the text of a test file. */
const alone =
  /^(?:before|beforeEach|afterEach)\(|\bnode:(?:child_process|worker_threads|cluster|timers|net|http|dgram)\b|\bsetTimeout\b|\bprocess\.(?!env\b|cwd\b)|\bmock\b|\brealClock\b/m

/** Above this, the last group of a run is waited for. */
export const filesPerGroupMax = 16

/** Stories of whole clusters and whole experiments take longest: few of them share a process, and they begin first. */
const longStories = /^test\/core\/|^packages\/sim\/src\/(?:cli|experiment)\//
const storiesPerGroupMax = 3

export const staysAlone = (text: string): boolean => alone.test(text)

/** Two folders deep: `packages/<name>`, `test/core`. */
const homeOf = (path: string): string => path.split('/').slice(0, -1).slice(0, 2).join('/')

/** Files that run in one process, given by their path from the root: the groups in the order in which they are to begin. */
export const groupsOf = (
  paths: readonly string[],
  textOf: (path: string) => string,
): readonly (readonly string[])[] => {
  const groups: string[][] = []
  const open = new Map<string, string[]>()
  for (const path of paths) {
    if (staysAlone(textOf(path))) {
      groups.push([path])
      continue
    }
    const takesLong = longStories.test(path)
    const home = `${homeOf(path)} ${takesLong}`
    const group = open.get(home)
    const max = takesLong ? storiesPerGroupMax : filesPerGroupMax
    if (group !== undefined && group.length < max) group.push(path)
    else {
      const fresh = [path]
      groups.push(fresh)
      open.set(home, fresh)
    }
  }
  const isLong = ([path = '']: readonly string[]): boolean => longStories.test(path)
  return [...groups.filter(isLong), ...groups.filter((group) => !isLong(group))]
}
