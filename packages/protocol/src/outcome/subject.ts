/** What does an operator mean by `web1`, `12D3KooWab` or `…1.7`? Names, ids, and unambiguous beginnings of ids. */

import type { Decision } from '../data/decision.ts'
import { byText, type HostId, type PartitionId, type VmId } from '../data/ids.ts'
import type { PeerView } from '../data/view.ts'

export type Subject =
  | { readonly kind: 'vm'; readonly vm: VmId; readonly name: string }
  | { readonly kind: 'host'; readonly host: HostId; readonly name: string }
  | { readonly kind: 'decision'; readonly decision: PartitionId }

export type SubjectKind = Subject['kind']

export type Found =
  | { readonly kind: 'found'; readonly subject: Subject }
  | { readonly kind: 'absent' }
  /** More than one; each as a text that names it alone. */
  | { readonly kind: 'ambiguous'; readonly matches: readonly string[] }

interface Entry {
  readonly subject: Subject
  readonly id: string
  readonly name: string | null
}

/** Everything that can be asked about, each once: VMs here, on their way, and in decisions; hosts, decisions. */
const entries = (view: PeerView, decisions: readonly Decision[]): readonly Entry[] => {
  const all = new Map<string, Entry>()
  const put = (entry: Entry): void => {
    const key = `${entry.subject.kind} ${entry.id}`
    if (!all.has(key)) all.set(key, entry)
  }
  const vm = (id: VmId, name: string) => put({ subject: { kind: 'vm', vm: id, name }, id, name })
  const host = (id: HostId, name: string) => put({ subject: { kind: 'host', host: id, name }, id, name })
  host(view.host, view.description?.name ?? view.host)
  for (const { summary } of view.members) host(summary.host, summary.name)
  for (const one of view.vms) vm(one.vm, one.name)
  for (const one of view.migrations) vm(one.vm, one.name)
  for (const decision of decisions) {
    put({ subject: { kind: 'decision', decision: decision.id }, id: decision.id, name: null })
    for (const { action, vmName } of decision.actions) vm(action.vm, vmName)
    for (const stayed of decision.stayed) vm(stayed.vm, stayed.name)
  }
  return [...all.values()]
}

/** Exact id or name first, then an unambiguous beginning or end of an id (ends: peer ids all begin alike). */
export const findSubject = (
  view: PeerView,
  decisions: readonly Decision[],
  text: string,
  kind: SubjectKind | null = null,
): Found => {
  if (text === '') return { kind: 'absent' }
  const all = entries(view, decisions).filter((entry) => kind === null || entry.subject.kind === kind)
  const exact = all.filter((entry) => entry.id === text || entry.name === text)
  const matches =
    exact.length > 0
      ? exact
      : all.filter((entry) => entry.id.startsWith(text) || (text.length >= 4 && entry.id.endsWith(text)))
  const [only] = matches
  if (only === undefined) return { kind: 'absent' }
  if (matches.length === 1) return { kind: 'found', subject: only.subject }
  return {
    kind: 'ambiguous',
    matches: matches
      .map((entry) => `${entry.subject.kind} ${entry.id}${entry.name === null ? '' : ` (${entry.name})`}`)
      .sort(byText),
  }
}
