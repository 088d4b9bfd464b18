/** One line on a terminal that says how far an experiment is and when it will be done. Nothing where stderr is no terminal. */

export interface Progress {
  /** The run at that place has passed that share of its simulated time, 0 … 1. */
  update(index: number, share: number): void
  /** Says a line of its own; the progress stays below it. */
  say(text: string): void
  /** Takes the line away. */
  end(): void
}

export interface ProgressOptions {
  readonly labels: readonly string[]
  readonly write: (text: string) => void
  /** Real time, ms. */
  readonly now: () => number
  /** Columns of the terminal; null = no terminal: only what is said. */
  readonly columns: number | null
}

/** `8 s`, `3 min 20 s`, `2 h 5 min`. */
export const spanText = (seconds: number): string => {
  const s = Math.max(0, Math.round(seconds))
  if (s < 60) return `${s} s`
  if (s < 3_600) return `${Math.floor(s / 60)} min ${s % 60} s`
  return `${Math.floor(s / 3_600)} h ${Math.floor((s % 3_600) / 60)} min`
}

const barWidth = 20
/** Between two drawings, ms. */
const drawMs = 200
/** Back to the first column, and empty the line. */
const clear = '\r\u001b[2K'

export const createProgress = ({ labels, write, now, columns }: ProgressOptions): Progress => {
  const shares = labels.map(() => 0)
  const begunMs = now()
  let drawnMs = Number.NEGATIVE_INFINITY
  let shown = false
  let last = 0

  const line = (): string => {
    const all = shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length)
    const filled = Math.floor(all * barWidth)
    const done = shares.filter((share) => share >= 1).length
    const passedS = (now() - begunMs) / 1_000
    // Before a hundredth is done, any guess is a bad one.
    const eta = all < 0.01 ? '' : `, ETA ${spanText((passedS / all) * (1 - all))}`
    const doing = (shares[last] ?? 1) >= 1 ? '' : `  ${labels[last]}`
    const bar = `[${'='.repeat(filled)}${' '.repeat(barWidth - filled)}]`
    return `${bar} ${Math.floor(all * 100)} %  ${done}/${shares.length} runs${eta}${doing}`
  }
  const draw = (): void => {
    if (columns === null) return
    write(`${clear}${line().slice(0, columns - 1)}`)
    shown = true
    drawnMs = now()
  }
  const wipe = (): void => {
    if (shown) write(clear)
    shown = false
  }
  return {
    update(index, share) {
      shares[index] = share
      last = index
      if (now() - drawnMs >= drawMs) draw()
    },
    say(text) {
      wipe()
      write(`${text}\n`)
    },
    end: wipe,
  }
}
