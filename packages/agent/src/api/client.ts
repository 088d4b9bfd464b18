/**
 * Talks to the agent of this host over its unix socket. What a call takes and answers is known from the routes: their types
 * reach to here by `hono/client`.
 */
import { type ClientResponse, hc } from 'hono/client'
import type { ApiRoutes } from './routes.ts'
import { createSocketFetch } from './socket-fetch.ts'

export type ApiClient = ReturnType<typeof createApiClient>

type AnswerOf<Method extends keyof ApiClient> = Awaited<ReturnType<ApiClient[Method]>>
export type StatusAnswer = AnswerOf<'status'>
export type MembersAnswer = AnswerOf<'members'>
export type VmsAnswer = AnswerOf<'vms'>
export type DrainAnswer = AnswerOf<'drain'>

const answered = async <T>(response: Promise<ClientResponse<T, number, 'json'>>): Promise<T> =>
  (await response).json()

/** Every call ends within `timeoutMs` (default 60,000: a plan may take 45) or throws `ApiError`. `forPeople`: text is fit for a terminal. */
export const createApiClient = (socket: string, timeoutMs = 60_000, forPeople = false) => {
  const { v1 } = hc<ApiRoutes>('http://drover', { fetch: createSocketFetch(socket, timeoutMs, forPeople) })
  return {
    status: () => answered(v1.status.$get()),
    members: () => answered(v1.members.$get()),
    vms: () => answered(v1.vms.$get()),
    plan: () => answered(v1.plan.$post({ json: {} })),
    explain: (about: string | null, kind: 'vm' | 'host' | 'decision' | null) =>
      answered(
        v1.explain.$get({
          query: { ...(about === null ? {} : { about }), ...(kind === null ? {} : { kind }) },
        }),
      ),
    history: ({ vm, sinceMs, limit }: { vm?: string; sinceMs?: number; limit?: number }) =>
      answered(
        v1.history.$get({
          query: {
            ...(vm === undefined ? {} : { vm }),
            ...(sinceMs === undefined ? {} : { since: String(sinceMs) }),
            ...(limit === undefined ? {} : { limit: String(limit) }),
          },
        }),
      ),
    migrate: (vm: string, to: string | null) => answered(v1.migrate.$post({ json: { vm, to } })),
    drain: (options: { onBlocker: 'abort' | 'skip'; dryRun: boolean }) =>
      answered(v1.drain.$post({ json: options })),
    undrain: () => answered(v1.undrain.$post({ json: {} })),
    mode: (mode: 'observe' | 'auto') => answered(v1.mode.$post({ json: { mode } })),
  }
}
