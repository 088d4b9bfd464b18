/** Decisions: what would be done now, what was done, and why. */
import { type DatedDecision, explain } from '@drover/protocol'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { Agent } from '../../agent-port.ts'
import { answer } from '../answer.ts'
import { createDecisionWatch } from '../await-decision.ts'
import { invalid } from '../error-answer.ts'
import { streamEvents } from '../event-stream.ts'
import { explainQuery, historyQuery, planRequest } from '../request-schemas.ts'
import { sendCommand, textOf } from '../send-command.ts'
import { datedDecisions, subjectOf } from '../subject.ts'
import { jsonBody, query } from '../validate.ts'

const historyDefault = 100

/** `planTimeoutMs`: longest wait for a plan after the command was answered. */
export const decisionRoutesOf = (agent: Agent, planTimeoutMs: number) =>
  new Hono()
    .get('/explain', query(explainQuery), (context) => {
      const { about, kind } = context.req.valid('query')
      const { view } = agent.status()
      const decisions = datedDecisions(agent)
      const wanted = kind ?? (about === undefined ? 'host' : null)
      const explanation = explain(view, decisions, subjectOf(view, decisions, about ?? view.host, wanted))
      if (explanation === null) throw invalid('nothing is known of it')
      return answer(context, { explanation })
    })
    .get('/history', query(historyQuery), (context) => {
      const { vm, since, limit } = context.req.valid('query')
      const decisions: readonly DatedDecision[] = agent.history({
        ...(vm === undefined ? {} : { vm }),
        ...(since === undefined ? {} : { sinceMs: since }),
        limit: limit ?? historyDefault,
      })
      return answer(context, { decisions })
    })
    .post('/plan', jsonBody(planRequest), async (context) => {
      const watch = createDecisionWatch(agent)
      try {
        const reply = await sendCommand(agent, { kind: 'plan' })
        // Null: there was nothing to decide.
        const id = reply.kind === 'ok' ? reply.decision : null
        const decision = id === null ? null : await watch.ended(id, planTimeoutMs)
        return answer(context, { text: textOf(reply), id, decision })
      } finally {
        watch.close()
      }
    })
    .get('/events', (context) => streamSSE(context, (stream) => streamEvents(agent, stream)))
