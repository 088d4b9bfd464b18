/** The drain of this host, and its end. */
import type { PeerView, VmId } from '@drover/protocol'
import { type Context, Hono } from 'hono'
import type { Agent } from '../../agent-port.ts'
import { answer } from '../answer.ts'
import { ApiFailure, type Blocker } from '../error-answer.ts'
import { drainRequest, undrainRequest } from '../request-schemas.ts'
import { type Accepted, sendCommand, textOf } from '../send-command.ts'
import { jsonBody } from '../validate.ts'

interface Drain {
  readonly leaving: readonly { readonly vm: VmId; readonly name: string }[]
  readonly blockers: readonly Blocker[]
}

const expected = ({ vms }: PeerView): Drain => ({
  leaving: vms.filter((vm) => vm.fixed === null).map(({ vm, name }) => ({ vm, name })),
  blockers: vms.flatMap(({ vm, name, fixed }) => (fixed === null ? [] : [{ vm, name, code: fixed }])),
})

/** The core's own list is newer than the view that was looked at before. */
const begun = (reply: Accepted, { vms }: PeerView, before: Drain): Drain => {
  if (reply.kind !== 'draining') return before
  const names = new Map(vms.map(({ vm, name }) => [vm, name]))
  const leaving = reply.leaving.map((vm) => ({ vm, name: names.get(vm) ?? vm }))
  return { leaving, blockers: reply.blockers }
}

/** `draining` false: after a dry run. */
const drained = (context: Context, draining: boolean, drain: Drain) => answer(context, { draining, ...drain })

export const drainRoutesOf = (agent: Agent) =>
  new Hono()
    .post('/drain', jsonBody(drainRequest), async (context) => {
      const { onBlocker, dryRun } = context.req.valid('json')
      const before = expected(agent.status().view)
      if (dryRun) return drained(context, false, before)
      const { length } = before.blockers
      if (onBlocker === 'abort' && length > 0)
        throw new ApiFailure(409, {
          code: 'drain.blocked',
          text: `${length} VM${length === 1 ? '' : 's'} cannot leave; nothing was started`,
          blockers: [...before.blockers],
        })
      const reply = await sendCommand(agent, { kind: 'drain' })
      return drained(context, true, begun(reply, agent.status().view, before))
    })
    .post('/undrain', jsonBody(undrainRequest), async (context) => {
      const reply = await sendCommand(agent, { kind: 'undrain' })
      return answer(context, { text: textOf(reply) })
    })
