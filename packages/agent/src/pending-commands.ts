/** Commands that wait for the core's `reply`. */
import type { Reply } from '@drover/protocol'
import { AgentError } from './agent-port.ts'
import type { Clock } from './clock.ts'

export interface PendingCommands {
  /** `ask` gets the id under which the answer comes. Rejects with `AgentError`. */
  open(ask: (request: string) => void): Promise<Reply>
  answer(request: string, reply: Reply): void
  /** Rejects all that wait, and every later one. */
  close(): void
}

/** Commands that wait at the same time. Against a script that asks faster than answers come (S14). */
const waitingMax = 64

export const createPendingCommands = (name: string, timeoutMs: number, clock: Clock): PendingCommands => {
  const waiting = new Map<string, { resolve(reply: Reply): void; reject(error: AgentError): void }>()
  let counter = 0
  let closed = false
  return {
    open: (ask) =>
      new Promise<Reply>((resolve, reject) => {
        if (closed) return reject(new AgentError('agent.stopped', 'the agent has stopped'))
        if (waiting.size >= waitingMax)
          return reject(new AgentError('agent.busy', `${waitingMax} commands already wait for an answer`))
        counter += 1
        const request = `${name}.${counter}`
        const cancel = clock.after(timeoutMs, () => {
          waiting.delete(request)
          reject(new AgentError('agent.timeout', `no answer within ${timeoutMs} ms; what was begun goes on`))
        })
        waiting.set(request, {
          resolve(reply) {
            cancel()
            resolve(reply)
          },
          reject(error) {
            cancel()
            reject(error)
          },
        })
        ask(request)
      }),
    answer(request, reply) {
      const one = waiting.get(request)
      waiting.delete(request)
      one?.resolve(reply)
    },
    close() {
      closed = true
      for (const one of waiting.values())
        one.reject(new AgentError('agent.stopped', 'the agent stopped before it could answer'))
      waiting.clear()
    },
  }
}
