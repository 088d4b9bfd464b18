/** `fetch` over a unix socket, which Node's own cannot do. It succeeds with a success; everything else is an `ApiError`. */
import { request } from 'node:http'
import { printable } from '../given/printable.ts'
import { ApiError } from './api-error.ts'
import { errorAnswer } from './error-answer.ts'

interface Answer {
  /** HTTP. */
  readonly status: number
  readonly text: string
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

/** Rejects with Node's own error. */
const exchange = (
  socket: string,
  url: URL,
  { method = 'GET', body = '' }: { readonly method?: string; readonly body?: string },
  timeoutMs: number,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath: socket,
        method,
        path: `${url.pathname}${url.search}`,
        agent: false,
        headers: {
          host: url.host,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      },
      (incoming) => {
        const parts: Buffer[] = []
        incoming.on('data', (part: Buffer) => parts.push(part))
        incoming.on('error', fail)
        incoming.on('end', () => {
          clearTimeout(timer)
          resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') })
        })
      },
    )
    const fail = (error: Error): void => {
      clearTimeout(timer)
      reject(error)
    }
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    )
    outgoing.on('error', fail)
    outgoing.end(body)
  })

/** Names of VMs and hosts are text of others; undefined where it is no JSON. */
const parsed = (text: string, forPeople: boolean): unknown => {
  try {
    return JSON.parse(text, (_, value: unknown) =>
      forPeople && typeof value === 'string' ? printable(value) : value,
    )
  } catch {
    return undefined
  }
}

const successOf = (socket: string, { status, text }: Answer, forPeople: boolean): Response => {
  const answer = parsed(text, forPeople)
  if (answer === undefined)
    throw new ApiError('agent.unreachable', `what answers on ${socket} is not drover`, status)
  if (status >= 200 && status < 300) return Response.json(answer, { status })
  const { data } = errorAnswer.safeParse(answer)
  const error = data?.error ?? { code: 'agent.failed', text: `HTTP ${status}` }
  throw new ApiError(error.code, error.text, status, error)
}

/** Every call ends within `timeoutMs`. `forPeople`: what a terminal would obey is shown instead. */
export const createSocketFetch =
  (socket: string, timeoutMs: number, forPeople = false): typeof fetch =>
  async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const { method, body } = init
    const answer = await exchange(
      socket,
      url,
      { ...(method === undefined ? {} : { method }), ...(typeof body === 'string' ? { body } : {}) },
      timeoutMs,
    ).catch((error: Error) => {
      throw unreachable(socket, error)
    })
    return successOf(socket, answer, forPeople)
  }
