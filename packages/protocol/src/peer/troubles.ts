/** Why this host can promise nothing. One list for all that ask: the member, the leader, the gate of migrations, the summary. */
import { limits } from '../data/config.ts'
import type { ReasonCode } from '../data/reasons.ts'
import { isClaimOpen } from '../snapshot/described.ts'
import { isLookedAtTwice, isSeen, unknownVm } from '../snapshot/host.ts'
import type { PeerParts } from './peer-parts.ts'

/** What a trouble is judged by. */
type Judged = Pick<PeerParts, 'context' | 'host' | 'state' | 'leave' | 'life'>

/** It is known what every VM of this host wants. */
export const isDemandKnown = ({ host, context }: Pick<Judged, 'host' | 'context'>): boolean =>
  isLookedAtTwice(host) && unknownVm(host, context.now()) === null

/** The gravest first. Each is a question to the host; `troubleOf` asks them several times in every step. */
const troubles = [
  {
    code: 'hypervisor.unreachable',
    holds: ({ state, host, context }) => !state.jobsKnown || !isSeen(host, context.now()),
  },
  { code: 'capacity.unknown', holds: ({ host }) => isClaimOpen(host) },
  { code: 'limit.size', holds: ({ host }) => host.vms.size > limits.snapshotVmsMax },
  { code: 'demand.unknown', holds: (judged) => !isDemandKnown(judged) },
  { code: 'journal.full', holds: ({ state }) => !state.journalHealthy },
  // Without the old journal: until nothing of before can be in force, and another host has answered (S5, S6, S8).
  { code: 'journal.lost', holds: ({ life }) => !life.isSettled() },
  { code: 'host.leaving', holds: ({ leave }) => leave.begun },
] as const satisfies readonly { readonly code: ReasonCode; readonly holds: (judged: Judged) => boolean }[]

export type Trouble = (typeof troubles)[number]['code']

/** Why this host can neither grant nor lead nor begin anything, or null: the gravest trouble. */
export const troubleOf = (judged: Judged): Trouble | null => {
  for (const { code, holds } of troubles) if (holds(judged)) return code
  return null
}

export const troublesOf = (judged: Judged): readonly Trouble[] =>
  troubles.filter(({ holds }) => holds(judged)).map(({ code }) => code)

/** Why no migration may begin here, out or in, or null: a trouble, or the operator's brake. */
export const hindranceOf = (judged: Judged): Trouble | 'mode.observe' | null =>
  troubleOf(judged) ?? (judged.state.mode === 'auto' ? null : 'mode.observe')
