/** An operator's terminal beside a fake agent that serves its local API, for tests of commands. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serveApi } from '../api/server.ts'
import type { Io } from '../cli/io.ts'
import { runCli } from '../cli/main.ts'
import { type FakeAgent, fakeAgent } from './fake-agent.ts'

export interface Terminal {
  readonly agent: FakeAgent
  readonly directory: string
  readonly socket: string
  /** What Ctrl-C calls. */
  readonly interrupts: ReadonlySet<() => void>
  /** `whileRunning` is called with all of stderr whenever it grows. */
  run(
    line: string,
    whileRunning?: (err: string) => void,
  ): Promise<{ readonly exit: number; readonly out: string; readonly err: string }>
  stopAgent(): Promise<void>
  close(): Promise<void>
}

export const openTerminal = async (): Promise<Terminal> => {
  const directory = mkdtempSync(join(tmpdir(), 'drover-cli-'))
  const socket = join(directory, 'drover.sock')
  const agent = fakeAgent()
  const interrupts = new Set<() => void>()
  const server = await serveApi({
    agent,
    metrics: async () => '',
    socket,
    metricsListen: null,
    planTimeoutMs: 100,
  })
  let serves = true
  const stopAgent = async (): Promise<void> => {
    if (serves) await server.close()
    serves = false
  }
  return {
    agent,
    directory,
    socket,
    interrupts,
    async run(line, whileRunning) {
      let out = ''
      let err = ''
      const io: Io = {
        out: (text) => {
          out += text
        },
        err: (text) => {
          err += text
          whileRunning?.(err)
        },
        env: { DROVER_API__SOCKET: socket },
        colour: false,
        columns: null,
        onInterrupt(listener) {
          interrupts.add(listener)
          return () => interrupts.delete(listener)
        },
        nowWallMs: () => Date.UTC(2026, 10, 22, 22, 0, 0),
        pollMs: 5,
      }
      const words = line.split(' ').filter((word) => word !== '')
      return { exit: await runCli(words, io), out, err }
    },
    stopAgent,
    async close() {
      await stopAgent()
      rmSync(directory, { recursive: true })
    },
  }
}

/** Lines as a command prints them. */
export const linesOf = (...lines: readonly string[]): string => `${lines.join('\n')}\n`
