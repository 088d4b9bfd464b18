/** The order of a plan: which action must be done before which, directly or not. Used by the checker only. */
import type { ActionId } from '../problem/ids.ts'
import type { Action } from '../problem/plan.ts'

export interface Dag {
  /** Is `a` (index) certainly done before `b` starts? */
  readonly before: (a: number, b: number) => boolean
}

export type DagResult =
  | { readonly kind: 'dag'; readonly dag: Dag }
  | { readonly kind: 'broken'; readonly text: string }

export const dagOf = (actions: readonly Action[]): DagResult => {
  const index = new Map<ActionId, number>()
  for (const [i, action] of actions.entries()) {
    if (index.has(action.id)) return { kind: 'broken', text: `two actions are called ${action.id}` }
    index.set(action.id, i)
  }
  const after: number[][] = []
  for (const action of actions) {
    const list: number[] = []
    for (const id of action.after) {
      const i = index.get(id)
      if (i === undefined)
        return { kind: 'broken', text: `${action.id} waits for ${id}, which is not in the plan` }
      list.push(i)
    }
    after.push(list)
  }
  const words = (actions.length + 31) >> 5
  const ancestors = new Uint32Array(actions.length * words)
  const missing = after.map((list) => list.length)
  const followers: number[][] = actions.map(() => [])
  after.forEach((list, i) => {
    for (const a of list) followers[a]!.push(i)
  })
  const ready = missing.flatMap((count, i) => (count === 0 ? [i] : []))
  let done = 0
  for (; done < ready.length; done++) {
    const i = ready[done]!
    for (const next of followers[i]!) {
      for (let w = 0; w < words; w++) ancestors[next * words + w]! |= ancestors[i * words + w]!
      ancestors[next * words + (i >> 5)]! |= 1 << (i & 31)
      if (--missing[next]! === 0) ready.push(next)
    }
  }
  if (done < actions.length) return { kind: 'broken', text: 'some actions wait for each other in a circle' }
  return {
    kind: 'dag',
    dag: { before: (a, b) => (ancestors[b * words + (a >> 5)]! & (1 << (a & 31))) !== 0 },
  }
}

/**
 * The most of these actions that can ever run at once: the widest antichain, by Dilworth the number of chains
 * that cover them, which a bipartite matching counts.
 */
export const width = (dag: Dag, members: readonly number[]): number => {
  // Indexes into `members`; -1: covered by none.
  const follows = members.map((a) => members.flatMap((b, k) => (dag.before(a, b) ? [k] : [])))
  const matchOf = members.map(() => -1)
  const tryMatch = (a: number, seen: Uint8Array): boolean => {
    for (const b of follows[a]!) {
      if (seen[b] === 1) continue
      seen[b] = 1
      const holder = matchOf[b]!
      if (holder === -1 || tryMatch(holder, seen)) {
        matchOf[b] = a
        return true
      }
    }
    return false
  }
  let matched = 0
  for (const a of members.keys()) if (tryMatch(a, new Uint8Array(members.length))) matched++
  return members.length - matched
}
