/** A terminal on which whole pictures are drawn over each other, without flicker, and which is left as it was. */

export interface Terminal {
  readonly width: number
  readonly height: number
  draw(lines: readonly string[]): void
  /** Back to the normal screen; harmless when repeated. */
  leave(): void
}

const enter = '\x1b[?1049h\x1b[?25l\x1b[2J'
const exit = '\x1b[?25h\x1b[?1049l'
/** Terminals that know it show what lies between at once (DEC mode 2026); others ignore it. */
const atOnce = ['\x1b[?2026h', '\x1b[?2026l'] as const

export const openTerminal = (out: NodeJS.WriteStream): Terminal => {
  let open = true
  let last = ''
  out.write(enter)
  const leave = (): void => {
    if (!open) return
    open = false
    out.write(exit)
  }
  // Whatever happens, the cursor comes back.
  process.once('exit', leave)
  return {
    get width() {
      return Math.max(20, out.columns ?? 80)
    },
    get height() {
      return Math.max(8, out.rows ?? 24)
    },
    draw(lines) {
      if (!open || out.writableNeedDrain) return
      // Each line is overwritten and then cleared to its end: nothing is ever blank in between.
      const picture = `\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`
      if (picture === last) return
      last = picture
      out.write(atOnce[0] + picture + atOnce[1])
    },
    leave,
  }
}
