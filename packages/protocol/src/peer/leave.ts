/**
 * How an agent leaves in order. It begins nothing more, and stays until every VM that it moves runs, here or at the other end: a
 * VM that is handed over waits paused until an agent lets it run, and both agents may be leaving. A migration that takes
 * too long is stopped, so that the VM runs on here.
 */
import { assert } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { Instant } from '../data/ids.ts'
import type { Commands } from '../detect/commands.ts'
import type { HostActions } from '../host-actions.ts'
import type { Leader } from '../partition/leader.ts'
import { earliest, type StepContext } from '../step-context.ts'

export interface Leave {
  readonly begun: boolean
  begin(): void
  /** To be called when all of a step is done. */
  tick(): void
  nextAt(): Instant | null
}

/** The reason that partitions, orders and migrations are given. */
const why = ['host.leaving', 'this agent is being stopped'] as const

export const createLeave = (
  context: StepContext,
  actions: Pick<HostActions, 'leave' | 'breakOff' | 'view'>,
  leader: Pick<Leader, 'leading' | 'callOff' | 'end'>,
  commands: Pick<Commands, 'refuseAll'>,
): Leave => {
  let since: Instant | null = null
  let settledAt: Instant | null = null
  /** Nothing was under way when it began: then there are no last words to wait for. */
  let idle = false
  let said = false

  const nameThoseLeft = (): void => {
    const view = actions.view(context.now())
    for (const { vm, direction, peer, phase } of view.migrations)
      context.warn(
        'vm.left_waiting',
        direction === 'out'
          ? `VM ${vm} is ${phase} to ${peer}: if it arrives, it may wait there, paused, for an agent`
          : `VM ${vm} comes from ${peer} (${phase}): it may wait here, paused, for an agent`,
        vm,
      )
    for (const { vm, peer, word } of view.duties)
      if (word === 'hand-over')
        context.warn(
          'vm.left_waiting',
          `VM ${vm} left for ${peer}, and may wait there, paused, for an agent`,
          vm,
        )
  }

  return {
    get begun() {
      return since !== null
    },

    begin() {
      if (since !== null) return
      since = context.now()
      idle = leader.leading === null && actions.view(since).migrations.length === 0
      commands.refuseAll(...why)
      leader.callOff(...why)
      actions.leave()
    },

    tick() {
      if (since === null || said) return
      const now = context.now()
      const open = actions.view(now).migrations.length > 0
      if (open && now - since >= limits.leaveMoveMs) actions.breakOff(why[0])
      if (!open && settledAt === null) {
        settledAt = now
        leader.end(...why)
      }
      if (open) settledAt = null
      // The last words have to arrive, and may be asked for once more.
      const over = settledAt !== null && (idle || now - settledAt >= limits.lastWordMs)
      if (!over && now - since < limits.leaveMs) return
      if (open) leader.end(...why)
      assert(leader.leading === null, 'this agent ends when it leads no partition any more')
      nameThoseLeft()
      said = true
      context.emit({ kind: 'leave' })
    },

    nextAt() {
      if (since === null || said) return null
      const due = [since + limits.leaveMoveMs, since + limits.leaveMs]
      if (settledAt !== null) due.push(settledAt + limits.lastWordMs)
      return earliest(due.filter((at) => at > context.now()))
    },
  }
}
