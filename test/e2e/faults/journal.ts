/** An agent is killed, and its journal is damaged before it is started again. */
import { closeSync, existsSync, openSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../../../packages/sim/src/random.ts'
import { revive } from '../run.ts'
import { durationOf, type FaultKind, secondsOf } from './fault.ts'

interface Damage {
  readonly what: string
  /** False: there was nothing to damage. */
  apply(directory: string, draw: Random): boolean
}

const overwrite = (path: string, times: number, draw: Random): boolean => {
  const size = existsSync(path) ? statSync(path).size : 0
  if (size < 64) return false
  const file = openSync(path, 'r+')
  for (let i = 0; i < times; i++) {
    const bytes = Buffer.from(Array.from({ length: 16 }, () => draw.integer(0, 255)))
    writeSync(file, bytes, 0, bytes.length, draw.integer(0, size - bytes.length))
  }
  closeSync(file)
  return true
}

const database = (directory: string): string => join(directory, 'journal.db')
const log = (directory: string): string => join(directory, 'journal.db-wal')

export const damages: readonly Damage[] = [
  {
    what: 'journal deleted',
    apply(directory) {
      const there = existsSync(database(directory))
      for (const path of [database(directory), log(directory)]) rmSync(path, { force: true })
      return there
    },
  },
  {
    what: 'journal log cut short',
    apply(directory, draw) {
      const path = log(directory)
      const size = existsSync(path) ? statSync(path).size : 0
      if (size === 0) return false
      truncateSync(path, draw.integer(0, size - 1))
      return true
    },
  },
  { what: 'journal log overwritten', apply: (directory, draw) => overwrite(log(directory), 5, draw) },
  { what: 'journal overwritten', apply: (directory, draw) => overwrite(database(directory), 20, draw) },
]

export const journal: FaultKind = {
  name: 'journal',
  draw(draw, hosts) {
    const host = draw.integer(1, hosts)
    const forMs = durationOf(draw, 100, 5_000)
    const damage = draw.integer(0, damages.length) // one more: all is gone
    const what = damages[damage]?.what ?? 'all data but the identity gone'
    return {
      what,
      words: `kill -9 h${host}, ${what}, back after ${secondsOf(forMs)}`,
      async strike(run) {
        const agent = run.agent(host)
        if (agent.pid === null) return false
        await agent.kill()
        const chosen = damages[damage]
        const hit = chosen === undefined || chosen.apply(agent.disk.path, draw)
        if (chosen === undefined) agent.disk.forget()
        run.later(forMs, () => revive(run, host))
        return hit
      },
    }
  },
}
