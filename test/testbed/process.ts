/**
 * Processes: bounded commands, and killing exactly the process that was meant.
 *
 * A pid alone names a process only while it lives: then the kernel gives the number to another. All kills here
 * go by pid *and* start time.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export type TestbedErrorCode =
  | 'testbed.missing' // something is not installed, or not permitted; run install.sh as root
  | 'testbed.timeout' // it did not happen in time
  | 'testbed.failed' // a command failed; the message has its words
  | 'testbed.misuse' // the test asks for what cannot be (a VM name twice, a host that is off ...)

export class TestbedError extends Error {
  readonly code: TestbedErrorCode
  constructor(code: TestbedErrorCode, message: string) {
    super(message)
    this.name = 'TestbedError'
    this.code = code
  }
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Resolves when a child has ended (also if it could not be started: then with code 127). Never rejects. */
export function ended(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', () => resolve({ code: 127, signal: null }))
  })
}

/** Output that is kept of a command, bytes; what comes later is dropped. */
const outputBytesMax = 4 * 1024 * 1024

/**
 * Runs a command to its end and returns its standard output. Throws `testbed.timeout` after `timeoutMs` (the command is
 * then killed; what it had asked of others may still happen) and `testbed.failed`, with its standard error, if it fails.
 */
export async function run(argv: readonly string[], timeoutMs: number, input = ''): Promise<string> {
  const child = spawn(argv[0]!, argv.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] })
  return await collect(child, argv, timeoutMs, input)
}

/** The same for a child that runs already, with three pipes; `kill` is called when the time is over. */
export async function collect(
  child: ChildProcess,
  argv: readonly string[],
  timeoutMs: number,
  input = '',
  kill: () => void = () => child.kill('SIGKILL'),
): Promise<string> {
  const kept = { out: '', err: '' }
  const keep = (which: 'out' | 'err') => (data: string) => {
    if (kept[which].length < outputBytesMax) kept[which] += data
  }
  child.stdout?.setEncoding('utf8').on('data', keep('out'))
  child.stderr?.setEncoding('utf8').on('data', keep('err'))
  child.on('error', (error) => keep('err')(error.message))
  child.stdin?.on('error', () => {}) // it may end without reading
  child.stdin?.end(input)
  let late = false
  const timer = setTimeout(() => {
    late = true
    kill()
    // A grandchild may hold the pipes open; it is not waited for.
    child.stdout?.destroy()
    child.stderr?.destroy()
  }, timeoutMs)
  const { code, signal } = await new Promise<Ended>((resolve) => {
    child.once('close', (c, s) => resolve({ code: c, signal: s }))
    child.once('error', () => resolve({ code: 127, signal: null }))
  })
  clearTimeout(timer)
  const what = argv.join(' ').slice(0, 200)
  if (late) throw new TestbedError('testbed.timeout', `not done after ${timeoutMs} ms: ${what}`)
  if (code !== 0) {
    throw new TestbedError('testbed.failed', `${what}: ${kept.err.trim() || `ended with ${code ?? signal}`}`)
  }
  return kept.out
}

/** Asks every `everyMs` until the answer is not null. Throws `testbed.timeout`, naming `what`, after `timeoutMs`. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  ask: () => T | null | Promise<T | null>,
  everyMs = 50,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (performance.now() >= deadline)
      throw new TestbedError('testbed.timeout', `${what}: not within ${timeoutMs} ms`)
    await sleep(everyMs)
  }
}

/** Waits for a promise. Throws `testbed.timeout`, naming `what`, after `timeoutMs`. */
export async function within<T>(what: string, timeoutMs: number, promise: Promise<T>): Promise<T> {
  const timer = Promise.withResolvers<never>()
  const id = setTimeout(
    () => timer.reject(new TestbedError('testbed.timeout', `${what}: not within ${timeoutMs} ms`)),
    timeoutMs,
  )
  try {
    return await Promise.race([promise, timer.promise])
  } finally {
    clearTimeout(id)
  }
}

/** One process, not its number's next owner. */
export interface Identity {
  readonly pid: number
  /** Clock ticks since the machine booted. */
  readonly startTime: string
}

/** The process that has this pid now; null if there is none, or one that is dead and only awaits its parent. */
export function identify(pid: number): Identity | null {
  try {
    // The command's name, in brackets, may hold anything, so count from the last bracket.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? null : { pid, startTime: fields[19]! }
  } catch {
    return null
  }
}

export function isAlive(who: Identity): boolean {
  return identify(who.pid)?.startTime === who.startTime
}

/** Sends a signal to exactly that process; false if it is gone. */
export function signal(who: Identity, name: NodeJS.Signals): boolean {
  if (!isAlive(who)) return false
  try {
    process.kill(who.pid, name)
    return true
  } catch {
    return false
  }
}

/** The only child of a process; null while it has none. */
export function onlyChild(pid: number): Identity | null {
  try {
    const first = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ')[0]
    return first ? identify(Number(first)) : null
  } catch {
    return null
  }
}
