/** The local API as an HTTP application; `server.ts` binds it to a socket. */
import {
  type Command,
  type DatedDecision,
  explain,
  findSubject,
  type HostId,
  type PartitionId,
  type PeerView,
  reasonText,
  type SubjectKind,
  type VmId,
} from '@drover/protocol'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { streamSSE } from 'hono/streaming'
import type * as z from 'zod'
import { type Agent, AgentError } from '../agent-port.ts'
import { droverVersion } from '../drover-version.ts'
import {
  type Blocker,
  type DecisionAnswer,
  type DoneAnswer,
  type DrainAnswer,
  type ErrorAnswer,
  type ExplainAnswer,
  type HistoryAnswer,
  type MembersAnswer,
  type ModeAnswer,
  type StatusAnswer,
  schemaVersion,
  type VmsAnswer,
} from './answers.ts'
import { decisionWatch } from './await-decision.ts'
import { streamEvents } from './event-stream.ts'
import {
  drainRequest,
  explainQuery,
  historyQuery,
  migrateRequest,
  modeRequest,
  planRequest,
  undrainRequest,
} from './request-schemas.ts'

export interface ApiInit {
  readonly agent: Agent
  /** The text of `/metrics`, in Prometheus' format. */
  readonly metrics: () => Promise<string>
  /** Longest wait for a plan after the command was answered, ms. Default 15,000. */
  readonly planTimeoutMs?: number
}

/** An answer that is not a success; thrown inside handlers. */
class ApiFailure extends Error {
  readonly status: 400 | 404 | 409 | 503
  readonly error: ErrorAnswer['error']
  constructor(status: ApiFailure['status'], error: ErrorAnswer['error']) {
    super(error.text)
    this.status = status
    this.error = error
  }
}

const invalid = (text: string): ApiFailure => new ApiFailure(400, { code: 'request.invalid', text })

const checked = <S extends z.ZodType>(schema: S, value: unknown): z.output<S> => {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw invalid(
    result.error.issues.map((issue) => `${issue.path.join('.') || 'request'}: ${issue.message}`).join('; '),
  )
}

const body = async <S extends z.ZodType>(schema: S, context: Context): Promise<z.output<S>> => {
  const text = await context.req.text()
  let value: unknown
  try {
    value = text === '' ? {} : JSON.parse(text)
  } catch {
    throw invalid('the body is not JSON')
  }
  return checked(schema, value)
}

const historyMax = 1_000
const bodyBytesMax = 64 * 1024

/** The subject that a text names, or the failure that says why there is none. */
const subjectOf = (
  view: PeerView,
  decisions: readonly DatedDecision[],
  text: string,
  kind: SubjectKind | null,
) => {
  const found = findSubject(
    view,
    decisions.map(({ decision }) => decision),
    text,
    kind,
  )
  switch (found.kind) {
    case 'found':
      return found.subject
    case 'ambiguous':
      throw new ApiFailure(400, {
        code: 'request.ambiguous',
        text: `"${text}" may mean: ${found.matches.join(', ')}`,
        matches: found.matches,
      })
    case 'absent':
      throw new ApiFailure(404, {
        code: 'request.unknown',
        text: `no ${kind ?? 'VM, host or decision'} "${text}" is known on this host`,
      })
    default:
      return found satisfies never
  }
}

/** Decisions from the journal, and those of the view that are not in it yet. */
const datedDecisions = (agent: Agent): readonly DatedDecision[] => {
  const kept = agent.history({ limit: historyMax })
  const ids = new Set(kept.map(({ decision }) => decision.id))
  const fresh = agent.status().view.decisions.filter((decision) => !ids.has(decision.id))
  return [...fresh.map((decision) => ({ atWallMs: null, decision })), ...kept]
}

const drainOf = (view: PeerView): Pick<DrainAnswer, 'leaving' | 'blockers'> => ({
  leaving: view.vms.filter((vm) => vm.fixed === null).map(({ vm, name }) => ({ vm, name })),
  blockers: view.vms.flatMap(({ vm, name, fixed }) => (fixed === null ? [] : [{ vm, name, code: fixed }])),
})

/** Health and metrics only: all that a TCP port may show. */
export const openRoutes = ({ agent, metrics }: ApiInit): Hono => {
  const app = new Hono()
  app.get('/healthz', (context) => context.text('ok\n'))
  app.get('/readyz', (context) => {
    const { view, hypervisor, journal } = agent.status()
    const troubles = [
      ...(hypervisor.connected ? [] : [`hypervisor: ${hypervisor.trouble ?? 'not connected'}`]),
      ...(journal.healthy ? [] : ['journal: cannot be written']),
      ...view.troubles,
    ]
    return view.able && troubles.length === 0
      ? context.text('ok\n')
      : context.text(`not ready\n${troubles.join('\n')}\n`, 503)
  })
  app.get('/metrics', async (context) =>
    context.text(await metrics(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  )
  return app
}

export const apiRoutes = (init: ApiInit): Hono => {
  const { agent, planTimeoutMs = 15_000 } = init
  const app = new Hono()

  const failure = (context: Context, status: 400 | 404 | 409 | 500 | 503, error: ErrorAnswer['error']) =>
    context.json({ schemaVersion, error } satisfies ErrorAnswer, status)
  app.onError((error, context) =>
    error instanceof ApiFailure
      ? failure(context, error.status, error.error)
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
  app.route('/', openRoutes(init))

  /** Sends one command; a refusal is HTTP 409, no answer in time HTTP 503. */
  const command = async (command: Command) => {
    const reply = await agent.command(command).catch((error: unknown) => {
      throw error instanceof AgentError
        ? new ApiFailure(503, { code: error.code, text: error.message })
        : error
    })
    if (reply.kind === 'refused') throw new ApiFailure(409, { code: reply.code, text: reply.text })
    return reply
  }

  app.get('/v1/status', (context) => {
    const status = agent.status()
    const view = { ...status.view, decisions: status.view.decisions.slice(0, 5) }
    return context.json({ schemaVersion, version: droverVersion, ...status, view } satisfies StatusAnswer)
  })
  app.get('/v1/members', (context) => {
    const { host, members } = agent.status().view
    return context.json({ schemaVersion, host, members } satisfies MembersAnswer)
  })
  app.get('/v1/vms', (context) => {
    const { host, vms } = agent.status().view
    return context.json({ schemaVersion, host, vms } satisfies VmsAnswer)
  })
  app.get('/v1/explain', (context) => {
    const { about, kind } = checked(explainQuery, context.req.query())
    const { view } = agent.status()
    const decisions = datedDecisions(agent)
    const subject = subjectOf(
      view,
      decisions,
      about ?? view.host,
      kind ?? (about === undefined ? 'host' : null),
    )
    const explanation = explain(view, decisions, subject)
    if (explanation === null) throw invalid('nothing is known of it')
    return context.json({ schemaVersion, explanation } satisfies ExplainAnswer)
  })
  app.get('/v1/history', (context) => {
    const { vm, since, limit } = checked(historyQuery, context.req.query())
    const decisions = agent.history({
      ...(vm === undefined ? {} : { vm }),
      ...(since === undefined ? {} : { sinceMs: since }),
      limit: limit ?? 100,
    })
    return context.json({ schemaVersion, decisions } satisfies HistoryAnswer)
  })
  app.post('/v1/plan', async (context) => {
    await body(planRequest, context)
    const watch = decisionWatch(agent)
    try {
      const reply = await command({ kind: 'plan' })
      const id = reply.kind === 'ok' ? reply.decision : null
      const decision = id === null ? null : await watch.ended(id, planTimeoutMs)
      const text = reply.kind === 'ok' ? reply.text : ''
      return context.json({ schemaVersion, text, id, decision } satisfies DecisionAnswer)
    } finally {
      watch.close()
    }
  })
  app.post('/v1/migrate', async (context) => {
    const request = await body(migrateRequest, context)
    const { view } = agent.status()
    const vm = subjectOf(view, datedDecisions(agent), request.vm, 'vm')
    if (vm.kind !== 'vm' || !view.vms.some((one) => one.vm === vm.vm))
      throw new ApiFailure(409, { code: 'vm.not_here', text: `${request.vm}: ${reasonText('vm.not_here')}` })
    const to = request.to === null ? null : hostOf(view, request.to)
    const reply = await command({ kind: 'migrate', vm: vm.vm as VmId, to })
    const id: PartitionId | null = reply.kind === 'ok' ? reply.decision : null
    // Looked up afresh: what cannot be done at all has ended by now.
    const decision = agent.status().view.decisions.find((one) => one.id === id) ?? null
    const text = reply.kind === 'ok' ? reply.text : ''
    return context.json({ schemaVersion, text, id, decision } satisfies DecisionAnswer)
  })
  app.post('/v1/drain', async (context) => {
    const { onBlocker, dryRun } = await body(drainRequest, context)
    const { leaving, blockers } = drainOf(agent.status().view)
    if (dryRun)
      return context.json({ schemaVersion, draining: false, leaving, blockers } satisfies DrainAnswer)
    if (onBlocker === 'abort' && blockers.length > 0)
      throw new ApiFailure(409, {
        code: 'drain.blocked',
        text: `${blockers.length} VM${blockers.length === 1 ? '' : 's'} cannot leave; nothing was started`,
        blockers,
      })
    const reply = await command({ kind: 'drain' })
    // The core's own list is newer than the view that we looked at.
    const named: readonly Blocker[] = reply.kind === 'draining' ? reply.blockers : blockers
    const names = new Map(agent.status().view.vms.map(({ vm, name }) => [vm, name]))
    const going =
      reply.kind === 'draining' ? reply.leaving.map((vm) => ({ vm, name: names.get(vm) ?? vm })) : leaving
    return context.json({
      schemaVersion,
      draining: true,
      leaving: going,
      blockers: named,
    } satisfies DrainAnswer)
  })
  app.post('/v1/undrain', async (context) => {
    await body(undrainRequest, context)
    const reply = await command({ kind: 'undrain' })
    return context.json({
      schemaVersion,
      text: reply.kind === 'ok' ? reply.text : '',
    } satisfies DoneAnswer)
  })
  app.post('/v1/mode', async (context) => {
    const { mode } = await body(modeRequest, context)
    const reply = await command({ kind: 'mode', mode })
    return context.json({
      schemaVersion,
      mode,
      text: reply.kind === 'ok' ? reply.text : '',
    } satisfies ModeAnswer)
  })
  app.get('/v1/events', (context) => streamSSE(context, (stream) => streamEvents(agent, stream)))
  return app
}

const hostOf = (view: PeerView, text: string): HostId => {
  const subject = subjectOf(view, [], text, 'host')
  return subject.kind === 'host' ? subject.host : view.host
}
