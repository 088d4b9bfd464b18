/**
 * Judges a guest's serial log: did exactly one copy of the guest run, all the time? Pure.
 *
 * All copies of a guest, on whatever host, append to the same file, and the guest counts (`guest/init`). So:
 * - two copies running at once show as repeated numbers, or as lines mixed into each other;
 * - a guest that was started again shows as another READY, or as a clock or counter that goes back;
 * - memory or output that was lost shows as missing numbers.
 *
 * The guest's own clock does NOT show a pause: an emulated machine's clock stands still while it is paused. Only the
 * arrival of the lines, noted outside of the guest, tells the downtime.
 */

export type Violation =
  | { readonly kind: 'repeat'; readonly line: number; readonly n: number; readonly after: number }
  | { readonly kind: 'lost'; readonly line: number; readonly n: number; readonly after: number }
  | { readonly kind: 'clock_back'; readonly line: number; readonly n: number }
  /** One READY more than was allowed. */
  | { readonly kind: 'restart'; readonly line: number; readonly boots: number }
  /** A line that no single copy prints: two have written it together. */
  | { readonly kind: 'garbled'; readonly line: number; readonly text: string }

/** When the line with tick `n` of boot `boot` (1, 2 ...) was first seen, ms of any steady clock. */
export interface Arrival {
  readonly boot: number
  readonly n: number
  readonly atMs: number
}

export interface Verdict {
  readonly boots: number
  /** Ticks of all boots together. */
  readonly ticks: number
  /** The last tick's number; null before the first tick. */
  readonly lastN: number | null
  /** The longest time between two ticks of the same boot, by the guest's own clock: contention, not pauses. */
  readonly guestGapMsMax: number
  /** The same by the clock of the arrivals: includes every pause. Null without arrivals. */
  readonly wallGapMsMax: number | null
  readonly violations: readonly Violation[]
}

export type LogLine =
  | { readonly kind: 'ready'; readonly name: string; readonly uptimeMs: number }
  | { readonly kind: 'tick'; readonly n: number; readonly uptimeMs: number }
  | { readonly kind: 'ok'; readonly command: string; readonly value: string }
  /** Before READY: the firmware's or the kernel's. After it only the guest's init writes. */
  | { readonly kind: 'other' }

/** Reads one line, without its line end. */
export function parseLine(text: string): LogLine {
  const tick = /^TICK (\d+) (\d+)$/.exec(text)
  if (tick !== null) return { kind: 'tick', n: Number(tick[1]), uptimeMs: Number(tick[2]) * 10 }
  const ready = /^READY (\S+) (\d+)$/.exec(text)
  if (ready !== null) return { kind: 'ready', name: ready[1]!, uptimeMs: Number(ready[2]) * 10 }
  const ok = /^(?:OK|BAD) (\S+) ?(.*)$/.exec(text)
  if (ok !== null) return { kind: 'ok', command: ok[1]!, value: ok[2]! }
  return { kind: 'other' }
}

/** The complete lines of a log; the one that is still being written is left out. */
export function logLines(text: string): string[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1)
    .map((line) => line.replaceAll('\r', ''))
}

/**
 * Judges a whole log. `bootsMax` (1) is how often the guest was meant to boot; what is torn off right before an
 * allowed boot is what a power failure leaves, and is no violation.
 */
export function judgeGuestLog(
  text: string,
  options: { readonly bootsMax?: number; readonly arrivals?: readonly Arrival[] } = {},
): Verdict {
  const { bootsMax = 1, arrivals } = options
  const violations: Violation[] = []
  let boots = 0
  let ticks = 0
  let guestGapMsMax = 0
  let last: { readonly n: number; readonly uptimeMs: number } | null = null
  let torn: Violation[] = [] // garbled, unless what follows excuses it

  for (const { line, text: piece } of pieces(text)) {
    const parsed = parseLine(piece)
    if (parsed.kind === 'other') {
      if (boots > 0) torn.push({ kind: 'garbled', line, text: piece.slice(0, 80) })
      continue
    }
    if (!(parsed.kind === 'ready' && boots < bootsMax)) violations.push(...torn)
    torn = []
    switch (parsed.kind) {
      case 'ready':
        boots++
        if (boots > bootsMax) violations.push({ kind: 'restart', line, boots })
        last = null
        break
      case 'tick': {
        const { n, uptimeMs } = parsed
        const after: number = last?.n ?? -1
        ticks++
        if (n <= after) violations.push({ kind: 'repeat', line, n, after })
        else if (n > after + 1) violations.push({ kind: 'lost', line, n, after })
        if (last !== null && uptimeMs < last.uptimeMs) violations.push({ kind: 'clock_back', line, n })
        if (last !== null) guestGapMsMax = Math.max(guestGapMsMax, uptimeMs - last.uptimeMs)
        last = { n, uptimeMs }
        break
      }
      case 'ok':
        break
      default:
        parsed satisfies never
    }
  }
  violations.push(...torn)
  const lastN = last === null ? null : (last as { n: number }).n
  const wall = arrivals === undefined ? null : wallGapMsMax(arrivals)
  return { boots, ticks, lastN, guestGapMsMax, wallGapMsMax: wall, violations }
}

/** The lines with their numbers; a READY that begins in the middle of a torn line is a piece of its own. */
function pieces(text: string): { readonly line: number; readonly text: string }[] {
  return logLines(text).flatMap((whole, index) => {
    const cut = /^(.+)(READY \S+ \d+)$/.exec(whole)
    const texts = cut === null ? [whole] : [cut[1]!, cut[2]!]
    return texts.map((piece) => ({ line: index + 1, text: piece }))
  })
}

/** The longest pause between two successive ticks of the same boot, ms; 0 if there are no two. */
export function wallGapMsMax(arrivals: readonly Arrival[]): number {
  let max = 0
  for (const [i, arrival] of arrivals.entries()) {
    const before = arrivals[i - 1]
    if (before?.boot === arrival.boot) max = Math.max(max, arrival.atMs - before.atMs)
  }
  return Math.round(max)
}

/** For a failed test's message: the figures, and the first violations. */
export function tellVerdict(verdict: Verdict): string {
  const { violations, ...figures } = verdict
  return [JSON.stringify(figures), ...violations.slice(0, 10).map((v) => JSON.stringify(v))].join('\n')
}

/** Whether the guest's kernel told its console that its memory is not what it left there. */
export const kernelDied = (text: string): boolean =>
  /^\[ *\d+\.\d+\] (?:general protection fault|BUG: unable to handle|Oops|Kernel panic|invalid opcode)/m.test(
    text,
  )

/** The lines around each violation, with their numbers: the clock in them tells a repeated line from a second copy. */
export function linesAround(text: string, { violations }: Verdict, radius = 4): string {
  const lines = logLines(text)
  const near = violations.slice(0, 10).flatMap(({ line }) => {
    const first = Math.max(0, line - 1 - radius)
    return lines.slice(first, line + radius).map((told, i) => `${first + i + 1}: ${told}`)
  })
  return [...new Set(near)].join('\n')
}
