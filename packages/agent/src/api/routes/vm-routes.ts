/** One VM: moved by an operator's wish. */
import { reasonText } from '@drover/protocol'
import { Hono } from 'hono'
import type { Agent } from '../../agent-port.ts'
import { answer } from '../answer.ts'
import { ApiFailure } from '../error-answer.ts'
import { migrateRequest } from '../request-schemas.ts'
import { sendCommand, textOf } from '../send-command.ts'
import { datedDecisions, hostOf, subjectOf } from '../subject.ts'
import { jsonBody } from '../validate.ts'

export const vmRoutesOf = (agent: Agent) =>
  new Hono().post('/migrate', jsonBody(migrateRequest), async (context) => {
    const request = context.req.valid('json')
    const { view } = agent.status()
    const subject = subjectOf(view, datedDecisions(agent), request.vm, 'vm')
    const vm = subject.kind === 'vm' ? view.vms.find((one) => one.vm === subject.vm)?.vm : undefined
    if (vm === undefined)
      throw new ApiFailure(409, { code: 'vm.not_here', text: `${request.vm}: ${reasonText('vm.not_here')}` })
    const to = request.to === null ? null : hostOf(view, request.to)
    const reply = await sendCommand(agent, { kind: 'migrate', vm, to })
    const id = reply.kind === 'ok' ? reply.decision : null
    // Looked up afresh: what cannot be done at all has ended by now. Null: it is not yet on record.
    const decision = agent.status().view.decisions.find((one) => one.id === id) ?? null
    return answer(context, { text: textOf(reply), id, decision })
  })
