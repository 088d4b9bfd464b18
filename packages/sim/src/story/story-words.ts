/** Words of a story's commands: durations, hosts, settings, JSON. Each throws an Error that says what was expected. */
import { asVmId, type VmId } from '@drover/protocol'
import type { Cluster } from './cluster-api.ts'

/** `words` and `set` (`name=value`) stand behind the command's name. What it gives is its output, if it is a list of lines. */
export type Act = (cluster: Cluster, words: readonly string[], set: ReadonlyMap<string, string>) => unknown

/** `200ms`, `3s`, `10min`. */
export const durationMs = (text: string): number => {
  const found = /^(\d+(?:\.\d+)?)(ms|s|min)$/.exec(text)
  if (found === null) throw new Error(`not a duration: ${text} (like 200ms, 3s, 10min)`)
  return Number(found[1]) * { ms: 1, s: 1_000, min: 60_000 }[found[2] as 'ms' | 's' | 'min']
}

/** `a b cpu=3 locked` → words a, b, locked and settings { cpu: '3' }. */
export const splitWords = (
  words: string,
): { readonly plain: string[]; readonly set: Map<string, string> } => {
  const plain: string[] = []
  const set = new Map<string, string>()
  for (const word of words.split(/\s+/)) {
    const at = word.indexOf('=')
    if (at > 0) set.set(word.slice(0, at), word.slice(at + 1))
    else plain.push(word)
  }
  return { plain, set }
}

/** `h0` is host 0. */
export const hostOf = (text: string | undefined): number => {
  const found = /^h(\d+)$/.exec(text ?? '')
  if (found === null) throw new Error(`not a host: ${text} (like h0)`)
  return Number(found[1])
}

/** In JSON, "h2" is the id of that host. */
export const jsonOf = <T>(text: string): T =>
  JSON.parse(text.replace(/"h(\d+)"/g, (_, digits: string) => `"peer-${digits.padStart(4, '0')}"`)) as T

/** Throws RangeError for a VM that the world does not have. */
export const vmOf = (cluster: Cluster, name: string | undefined): VmId =>
  cluster.world.vm(asVmId(name ?? '')).vm
