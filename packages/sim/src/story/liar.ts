/** Agents of a story that say what their cores have not said: `liar`. */
import type { Message } from '@drover/protocol'
import { claims } from './false-claims.ts'
import { type Act, hostOf, vmOf } from './story-words.ts'

/** A number as such, anything else as text. */
const spoken = (text: string): string | number => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text)

/** `problem.hosts.0.limit.0`: what is not there is left alone, but for a field of the message itself. */
const put = (message: object, path: string, text: string): void => {
  const keys = path.split('.')
  const last = keys.pop() ?? ''
  let at: unknown = message
  for (const key of keys) at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined
  if (typeof at === 'object' && at !== null && (keys.length === 0 || last in at))
    Reflect.set(at, last, spoken(text))
}

export const liar: Act = (cluster, [host, kind, of, at], set) => {
  if (kind === 'usurps') return cluster.usurps(hostOf(host), hostOf(of))
  if (kind === 'hands-over' || kind === 'receives') {
    const [liarId, victim] = [hostOf(host), hostOf(at)].map((index) => cluster.ids[index])
    if (liarId === undefined || victim === undefined) throw new Error(`no such hosts: ${host}, ${at}`)
    return cluster.lies(hostOf(host), claims(liarId, kind, vmOf(cluster, of), victim))
  }
  cluster.lies(hostOf(host), (message) => {
    if (message.kind !== kind) return message
    const lie: Message = structuredClone(message)
    for (const [path, text] of set) put(lie, path, text)
    return lie
  })
}
