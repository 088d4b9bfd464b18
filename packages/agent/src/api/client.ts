/** Talks to the agent of this host over its unix socket. */
import { request } from 'node:http'
import type {
  DecisionAnswer,
  DoneAnswer,
  DrainAnswer,
  ErrorAnswer,
  ExplainAnswer,
  HistoryAnswer,
  MembersAnswer,
  ModeAnswer,
  StatusAnswer,
  VmsAnswer,
} from './answers.ts'
import { ApiError } from './api-error.ts'

export interface ApiClient {
  status(): Promise<StatusAnswer>
  members(): Promise<MembersAnswer>
  vms(): Promise<VmsAnswer>
  plan(): Promise<DecisionAnswer>
  explain(about: string | null, kind: 'vm' | 'host' | 'decision' | null): Promise<ExplainAnswer>
  history(query: { vm?: string; sinceMs?: number; limit?: number }): Promise<HistoryAnswer>
  migrate(vm: string, to: string | null): Promise<DecisionAnswer>
  drain(options: { onBlocker: 'abort' | 'skip'; dryRun: boolean }): Promise<DrainAnswer>
  undrain(): Promise<DoneAnswer>
  mode(mode: 'observe' | 'auto'): Promise<ModeAnswer>
}

const unreachable = (socket: string, error: NodeJS.ErrnoException): ApiError => {
  const why =
    error.code === 'ENOENT' || error.code === 'ECONNREFUSED'
      ? 'no agent is running there; start it with `drover agent`, or name its socket with --socket'
      : error.code === 'EACCES'
        ? 'permission denied; are you in the group that owns the socket?'
        : error.message
  return new ApiError('agent.unreachable', `cannot reach the agent on ${socket}: ${why}`, 0)
}

/** Every call ends within `timeoutMs` (default 60,000: a plan may take 45) or throws `ApiError`. */
export const apiClient = (socket: string, timeoutMs = 60_000): ApiClient => {
  const call = <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body)
      const timer = setTimeout(
        () => outgoing.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
        timeoutMs,
      )
      const fail = (error: Error): void => {
        clearTimeout(timer)
        reject(error instanceof ApiError ? error : unreachable(socket, error))
      }
      const outgoing = request(
        {
          socketPath: socket,
          method,
          path,
          agent: false,
          headers: {
            host: 'drover',
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(text),
          },
        },
        (incoming) => {
          const parts: Buffer[] = []
          incoming.on('data', (part: Buffer) => parts.push(part))
          incoming.on('error', fail)
          incoming.on('end', () => {
            clearTimeout(timer)
            const status = incoming.statusCode ?? 0
            let answer: unknown
            try {
              answer = JSON.parse(Buffer.concat(parts).toString('utf8'))
            } catch {
              return reject(
                new ApiError('agent.unreachable', `what answers on ${socket} is not drover`, status),
              )
            }
            if (status >= 200 && status < 300) return resolve(answer as T)
            const error = (answer as Partial<ErrorAnswer>).error ?? {
              code: 'agent.failed',
              text: `HTTP ${status}`,
            }
            reject(new ApiError(error.code, error.text, status, error))
          })
        },
      )
      outgoing.on('error', fail)
      outgoing.end(text)
    })
  const query = (values: Readonly<Record<string, string | number | null | undefined>>): string => {
    const given = Object.entries(values).flatMap(([key, value]) =>
      value === null || value === undefined ? [] : [[key, String(value)] as [string, string]],
    )
    return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
  }
  return {
    status: () => call('GET', '/v1/status'),
    members: () => call('GET', '/v1/members'),
    vms: () => call('GET', '/v1/vms'),
    plan: () => call('POST', '/v1/plan', {}),
    explain: (about, kind) => call('GET', `/v1/explain${query({ about, kind })}`),
    history: ({ vm, sinceMs, limit }) => call('GET', `/v1/history${query({ vm, since: sinceMs, limit })}`),
    migrate: (vm, to) => call('POST', '/v1/migrate', { vm, to }),
    drain: (options) => call('POST', '/v1/drain', options),
    undrain: () => call('POST', '/v1/undrain', {}),
    mode: (mode) => call('POST', '/v1/mode', { mode }),
  }
}
