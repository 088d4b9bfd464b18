/** The local API as an HTTP application, with `routes/` by resource; `server.ts` binds it to a socket. */
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Agent } from '../agent-port.ts'
import { ApiFailure, type ErrorDetails, invalid } from './error-answer.ts'
import { decisionRoutesOf } from './routes/decision-routes.ts'
import { drainRoutesOf } from './routes/drain-routes.ts'
import { type HealthRoutesInit, healthRoutesOf } from './routes/health-routes.ts'
import { hostRoutesOf } from './routes/host-routes.ts'
import { vmRoutesOf } from './routes/vm-routes.ts'
import { schemaVersion } from './schema-version.ts'

export interface ApiInit extends HealthRoutesInit {
  /** Longest wait for a plan after the command was answered, ms. Default 15,000. */
  readonly planTimeoutMs?: number
}

/** No request of ours is nearly as long. */
const bodyBytesMax = 64 * 1024

/** What the client's types are made from. */
export type ApiRoutes = ReturnType<typeof resourceRoutesOf>

const resourceRoutesOf = (agent: Agent, planTimeoutMs: number) =>
  new Hono()
    .route('/v1', hostRoutesOf(agent))
    .route('/v1', decisionRoutesOf(agent, planTimeoutMs))
    .route('/v1', vmRoutesOf(agent))
    .route('/v1', drainRoutesOf(agent))

const failure = (context: Context, status: ApiFailure['status'] | 500, error: ErrorDetails) =>
  context.json({ schemaVersion, error }, status)

export const apiRoutesOf = (init: ApiInit): Hono => {
  const app = new Hono()
  app.onError((error, context) =>
    error instanceof ApiFailure
      ? failure(context, error.status, error.details)
      : failure(context, 500, { code: 'agent.failed', text: error.message }),
  )
  app.notFound((context) =>
    failure(context, 404, {
      code: 'request.unknown',
      text: `no ${context.req.method} ${context.req.path}; is this agent older than the command?`,
    }),
  )
  app.use(
    bodyLimit({ maxSize: bodyBytesMax, onError: () => Promise.reject(invalid('the body is too long')) }),
  )
  app.route('/', healthRoutesOf(init))
  app.route('/', resourceRoutesOf(init.agent, init.planTimeoutMs ?? 15_000))
  return app
}
