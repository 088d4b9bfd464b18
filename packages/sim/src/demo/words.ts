/** Decisions and events in plain words. */
import type { Decision, VmId } from '@drover/protocol'
import type { Cluster } from '../harness/cluster.ts'

export const seconds = (ms: number): string =>
  ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`
export const cores = (cpuMilli: number): string => (cpuMilli / 1_000).toFixed(1)
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`

export const list = (words: readonly string[], max = 4): string => {
  const shown = words.length <= max ? words : [...words.slice(0, max - 1), `${words.length - max + 1} more`]
  return shown.length < 2 ? shown.join() : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}

const needs: Readonly<Record<Decision['reason'], string>> = {
  'overload.cpu': 'needs CPU',
  'overload.mem': 'needs memory',
  'forecast.cpu': 'will need CPU',
  drain: 'is being drained',
  operator: 'was asked by an operator',
  'rule.violation': 'breaks a placement rule',
}

/** What a decision is about when it begins, and what came of it when it has ended. */
export const tellDecision = (decision: Decision, cluster: Cluster): string => {
  const name = (vm: VmId): string => cluster.world.vm(vm).name
  const partners = decision.members.filter((id) => id !== decision.leader).map((id) => cluster.nameOf(id))
  const moves = decision.actions.map(({ action }) =>
    action.kind === 'migrate'
      ? `${name(action.vm)} → ${cluster.nameOf(action.to)}`
      : `${action.kind} ${name(action.vm)}`,
  )
  const who = decision.leaderName
  const took = decision.endedMs === null ? '' : ` after ${seconds(decision.endedMs)}`
  switch (decision.result) {
    case 'running':
      return `${who} ${needs[decision.reason]}: partition with ${list(partners)}, moving ${list(moves)}`
    case 'cured':
      return `${who} is cured${took}: ${list(moves)}; first move ${decision.detectToStartMs ?? '?'} ms after detection`
    case 'relieved':
      return `${who} is relieved as far as possible${took}: ${list(moves)} (${decision.code ?? decision.text})`
    case 'nothing':
      return `${who} found nothing to do (${decision.code ?? ''}): ${decision.text}`
    case 'failed':
      return `${who} could not finish (${decision.code ?? ''}): ${decision.text}`
    case 'would':
      return `${who} would move ${list(moves)}`
    case 'satisfied':
      return `${who}'s need had gone when the snapshots were in`
    default:
      return decision.result satisfies never
  }
}
