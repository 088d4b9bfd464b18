/**
 * The disk under one agent's journal, as slow as a story wants it. An append returns when its record is on disk (sqlite with
 * `synchronous = FULL`), so the thread of the agent waits for it. The record reaches the disk at some moment of that wait. An
 * agent that dies before has not written it, and nothing behind it has left.
 */
import type { Journal, JournalStore } from '@drover/agent/runtime'
import type { Random } from '../random.ts'
import type { Process } from './process.ts'

/** What a record that is being written comes to when its agent dies meanwhile. */
export type Fate = 'written' | 'unwritten' | 'drawn'

export interface Disk {
  /** What one fsync takes: evenly spread over mean ± spread, ms; never below 0. */
  meanMs: number
  spreadMs: number
  /** The agent dies in its next append. */
  crash: Fate | null
  /** So many records fit yet; null = nothing fills up. */
  recordsLeft: number | null
}

export const quickDisk = (): Disk => ({
  meanMs: 0,
  spreadMs: 0,
  crash: null,
  recordsLeft: null,
})

export interface SlowDiskInit {
  readonly store: Pick<JournalStore, 'checkpoint' | 'full'>
  readonly process: Process
  readonly disk: Disk
  readonly draw: Random
  /** The agent has to die so many ms from now. */
  readonly crash: (afterMs: number) => void
}

/** What an fsync takes that an agent dies in, if its disk is quick, ms. */
const crashSyncMs = 10

/** When the record is on disk, and when the agent dies, as parts of the fsync. */
const fateOf = (fate: Fate, draw: Random): { readonly written: number; readonly dies: number } => {
  const [one, other] = [draw.fraction(), draw.fraction()]
  const [first, last] = one < other ? [one, other] : [other, one]
  if (fate === 'written') return { written: first, dies: last }
  return fate === 'unwritten' ? { written: last, dies: first } : { written: one, dies: other }
}

/** Between an agent and its opened journal. */
export const onSlowDisk = (journal: Journal, init: SlowDiskInit): Journal => {
  const { store, process, disk, draw } = init
  /** Records that may not be on disk yet, oldest first. `writtenAt` as the `ranMs` of the process. */
  let pending: { readonly writtenAt: number; readonly takeBack: () => void }[] = []

  const syncMs = (): number => {
    const { meanMs, spreadMs } = disk
    return spreadMs === 0 ? meanMs : Math.max(0, meanMs + (2 * draw.fraction() - 1) * spreadMs)
  }
  const unwritten = () => pending.filter(({ writtenAt }) => writtenAt > process.ranMs)

  const append: Journal['append'] = (record) => {
    const { crash, recordsLeft } = disk
    if (recordsLeft === 0) {
      store.full = true
      disk.recordsLeft = null
    } else if (recordsLeft !== null) disk.recordsLeft = recordsLeft - 1
    const ms = crash === null ? syncMs() : Math.max(syncMs(), crashSyncMs)
    // Its thread may have to get there first.
    if (ms === 0 && !process.inStep) return journal.append(record)
    const takeBack = store.checkpoint()
    journal.append(record)
    const begun = process.stall(ms)
    const { written, dies } = fateOf(crash ?? 'drawn', draw)
    pending = [...unwritten(), { writtenAt: begun + written * ms, takeBack }]
    if (crash === null) return
    disk.crash = null
    init.crash(begun - process.ranMs + dies * ms)
  }

  // Opening writes a record, too: the start count.
  process.stall(syncMs())
  return {
    ...journal,
    append,
    probe() {
      const possible = journal.probe()
      if (possible) process.stall(syncMs())
      return possible
    },
    close() {
      unwritten()[0]?.takeBack()
      journal.close()
    },
  }
}
