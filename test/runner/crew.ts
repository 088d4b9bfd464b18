/**
 * Runs groups of test files, a few processes at a time, and shows what they say as one run: in the order of the groups, and
 * with one set of closing lines.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { join, relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'
import { type Done, eventOf, lost, type Report } from './report.ts'

export interface CrewOptions {
  readonly groups: readonly (readonly string[])[]
  /** Processes at a time. */
  readonly concurrency: number
  /** For one test, ms. */
  readonly timeoutMs: number
  /** A process that is silent for so long hangs where its own clock does not reach, ms. */
  readonly silentMs: number
  /** For Node, before the program. */
  readonly options: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly root: string
  /** Gets every event as soon as it is its turn. */
  readonly show: (event: TestEvent) => void
}
export interface Crew {
  /** Whether all tests passed. */
  readonly finished: Promise<boolean>
  readonly stop: (signal: NodeJS.Signals) => void
}

/** Passes on what is said in the order of the speakers: the first that has not ended speaks at once, the others wait. */
const inOrder = (speakers: number, show: (event: TestEvent) => void) => {
  const waiting: TestEvent[][] = Array.from({ length: speakers }, () => [])
  const ended = new Set<number>()
  let turn = 0
  return {
    say: (speaker: number, event: TestEvent): void => {
      if (speaker === turn) show(event)
      else waiting[speaker]?.push(event)
    },
    end: (speaker: number): void => {
      ended.add(speaker)
      while (ended.has(turn)) {
        turn++
        for (const event of waiting[turn]?.splice(0) ?? []) show(event)
      }
    },
  }
}

type GroupEnd = Pick<Done, 'counts' | 'success'>

/** For what a process has written, and what has not been read, when it ends. */
const leftBehindMs = 5_000

/** Runs one group to its end. */
const runGroup = (
  files: readonly string[],
  { timeoutMs, silentMs, options, env, root }: CrewOptions,
  say: (event: TestEvent) => void,
  started: (child: ChildProcess) => void,
): Promise<GroupEnd> =>
  new Promise((resolve) => {
    const child = fork(join(import.meta.dirname, 'group.ts'), [String(timeoutMs), ...files], {
      cwd: root,
      env,
      execArgv: [...options],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    started(child)
    let end: Done | null = null
    let at = files[0] ?? ''
    let hung = false
    const watch = setTimeout(() => {
      hung = true
      child.kill('SIGKILL')
    }, silentMs)
    for (const [type, stream] of [
      ['test:stdout', child.stdout],
      ['test:stderr', child.stderr],
    ] as const)
      stream?.setEncoding('utf8').on('data', (message: string) => say({ type, data: { file: at, message } }))
    child.on('message', (report: Report) => {
      watch.refresh()
      if (report.kind === 'done') {
        end = report
        return
      }
      if (report.event.type === 'test:start') at = relative(root, report.event.data.file ?? at)
      say(eventOf(report))
    })
    const close = (code: number | null, signal: NodeJS.Signals | null): void => {
      clearTimeout(watch)
      child.stdout?.destroy()
      child.stderr?.destroy()
      const { tests = 0, failed = 0, cancelled = 0, ...others } = end?.counts ?? {}
      if (end !== null && (end.success || failed + cancelled > 0)) return resolve(end)
      const how = hung ? `was silent for ${silentMs} ms` : `ended with ${signal ?? code}`
      const what =
        end === null
          ? `its process ${how} before its tests had ended`
          : 'something went wrong in its process when the test that began it had ended'
      say(lost(at, `${what}; it ran ${files.join(', ')}`))
      resolve({ counts: { ...others, cancelled, tests: tests + 1, failed: failed + 1 }, success: false })
    }
    child.on('close', close)
    // What a test has left behind may hold the pipes open for ever.
    child.on('exit', (code, signal) => setTimeout(() => close(code, signal), leftBehindMs).unref())
  })

const closingNames = [
  ['tests', 'tests'],
  ['suites', 'suites'],
  ['pass', 'passed'],
  ['fail', 'failed'],
  ['cancelled', 'cancelled'],
  ['skipped', 'skipped'],
  ['todo', 'todo'],
] as const

export const startCrew = (crew: CrewOptions): Crew => {
  const startedAt = performance.now()
  const children = new Set<ChildProcess>()
  const totals = new Map<string, number>()
  const order = inOrder(crew.groups.length, crew.show)
  let success = true
  let stopped = false
  let next = 0

  /** One after the other, as long as there are groups. */
  const work = async (): Promise<void> => {
    while (next < crew.groups.length && !stopped) {
      const mine = next++
      const { counts, success: passed } = await runGroup(
        crew.groups[mine] ?? [],
        crew,
        (event) => order.say(mine, event),
        (child) => {
          children.add(child)
          child.on('close', () => children.delete(child))
        },
      )
      for (const [name, count] of Object.entries(counts)) totals.set(name, (totals.get(name) ?? 0) + count)
      success &&= passed
      order.end(mine)
    }
  }
  const close = (): boolean => {
    const durationMs = performance.now() - startedAt
    const say = (message: string): void =>
      crew.show({ type: 'test:diagnostic', data: { nesting: 0, message, level: 'info' } })
    for (const [shown, name] of closingNames) say(`${shown} ${totals.get(name) ?? 0}`)
    say(`duration_ms ${durationMs}`)
    const count = (name: string): number => totals.get(name) ?? 0
    crew.show({
      type: 'test:summary',
      data: {
        counts: {
          cancelled: count('cancelled'),
          passed: count('passed'),
          skipped: count('skipped'),
          suites: count('suites'),
          tests: count('tests'),
          todo: count('todo'),
          topLevel: count('topLevel'),
        },
        duration_ms: durationMs,
        file: undefined,
        success,
      },
    })
    return success && !stopped
  }
  return {
    finished: Promise.all(Array.from({ length: crew.concurrency }, work)).then(close),
    stop: (signal) => {
      stopped = true
      for (const child of children) child.kill(signal)
    },
  }
}
