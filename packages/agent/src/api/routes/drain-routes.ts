/** The drain of this host, and its end. The core judges what is in the way; here it is only passed on. */
import type { Reply } from '@drover/protocol'
import { Hono } from 'hono'
import type { Agent } from '../../agent-port.ts'
import { answer } from '../answer.ts'
import { drainRequest, undrainRequest } from '../request-schemas.ts'
import { sendCommand, textOf } from '../send-command.ts'
import { jsonBody } from '../validate.ts'

const isDrain = (reply: Reply): reply is Extract<Reply, { readonly kind: 'drain' }> => reply.kind === 'drain'

export const drainRoutesOf = (agent: Agent) =>
  new Hono()
    .post('/drain', jsonBody(drainRequest), async (context) => {
      const reply = await sendCommand(agent, { kind: 'drain', ...context.req.valid('json') })
      if (!isDrain(reply)) throw new Error(`a drain was answered by ${reply.kind}`)
      const { begun: draining, leaving, blockers } = reply
      return answer(context, { draining, leaving, blockers })
    })
    .post('/undrain', jsonBody(undrainRequest), async (context) => {
      const reply = await sendCommand(agent, { kind: 'undrain' })
      return answer(context, { text: textOf(reply) })
    })
