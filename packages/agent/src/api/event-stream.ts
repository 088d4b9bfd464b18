/** `/v1/events`: what the agent tells, as server-sent events. */
import { randomUUID } from 'node:crypto'
import type { Agent, AgentEvent } from '../agent-port.ts'

/** A reader that is slower than this is dropped rather than buffered for. */
const eventsPendingMax = 1_000

/** Resolves when the reader has gone or is too slow. */
export const streamEvents = (
  agent: Agent,
  stream: {
    writeSSE(message: { event: string; data: string; id: string }): Promise<void>
    onAbort(listener: () => void): void
    readonly aborted: boolean
  },
): Promise<void> =>
  new Promise((resolve) => {
    const run = randomUUID().slice(0, 8)
    let sent = 0
    let pending = 0
    let last: Promise<void> = Promise.resolve()
    const write = (event: string, data: unknown): void => {
      if (++pending > eventsPendingMax) return end()
      const message = { event, data: JSON.stringify(data), id: `${run}-${sent++}` }
      last = last
        .then(() => stream.writeSSE(message))
        .then(
          () => {
            pending--
          },
          () => end(),
        )
    }
    // Something to read at once tells the client that it is connected, and from time to time that we still are.
    const alive = setInterval(() => write('alive', {}), 15_000)
    const unsubscribe = agent.events((event: AgentEvent) => write(event.kind, event))
    const end = (): void => {
      clearInterval(alive)
      unsubscribe()
      resolve()
    }
    stream.onAbort(end)
    write('alive', {})
  })
