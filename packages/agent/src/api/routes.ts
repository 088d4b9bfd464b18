/** The local API as an HTTP application, with `routes/` by resource; `server.ts` binds it to a socket. */
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Agent } from '../agent-port.ts'
import { ApiFailure, type ErrorDetails, invalid } from './error-answer.ts'
import { decisionRoutes } from './routes/decision-routes.ts'
import { drainRoutes } from './routes/drain-routes.ts'
import { type HealthRoutesInit, healthRoutes } from './routes/health-routes.ts'
import { hostRoutes } from './routes/host-routes.ts'
import { vmRoutes } from './routes/vm-routes.ts'
import { schemaVersion } from './schema-version.ts'

export interface ApiInit extends HealthRoutesInit {
  /** Longest wait for a plan after the command was answered, ms. Default 15,000. */
  readonly planTimeoutMs?: number
}

/** No request of ours is nearly as long. */
const bodyBytesMax = 64 * 1024

/** What the client's types are made from. */
export type ApiRoutes = ReturnType<typeof resources>

const resources = (agent: Agent, planTimeoutMs: number) =>
  new Hono()
    .route('/v1', hostRoutes(agent))
    .route('/v1', decisionRoutes(agent, planTimeoutMs))
    .route('/v1', vmRoutes(agent))
    .route('/v1', drainRoutes(agent))

const failure = (context: Context, status: ApiFailure['status'] | 500, error: ErrorDetails) =>
  context.json({ schemaVersion, error }, status)

export const apiRoutes = (init: ApiInit): Hono => {
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
  app.route('/', healthRoutes(init))
  app.route('/', resources(init.agent, init.planTimeoutMs ?? 15_000))
  return app
}
