/**
 * Notes when each tick of a guest reached the serial log: the only measure of a pause (see guest-log.ts).
 * A test that blocks its event loop sees pauses that were its own.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { type Arrival, parseLine } from './guest-log.ts'

/** The resolution of the arrivals, ms. */
const everyMs = 20
/** About 3 hours of ticks; older arrivals are forgotten. */
const arrivalsMax = 100_000

export class GuestWatch {
  readonly arrivals: Arrival[] = []
  private readonly fd: number
  private readonly timer: NodeJS.Timeout
  private readonly buffer = Buffer.alloc(64 * 1024)
  private position = 0
  private rest = ''
  private boot = 0
  private closed = false

  /** The file must exist. */
  constructor(path: string) {
    this.fd = openSync(path, 'r')
    this.timer = setInterval(() => this.look(), everyMs)
    this.timer.unref()
  }

  /** Reads what has arrived since the last look. */
  look(): void {
    if (this.closed) return
    const atMs = performance.now()
    for (;;) {
      const bytes = readSync(this.fd, this.buffer, 0, this.buffer.length, this.position)
      if (bytes === 0) break
      this.position += bytes
      const lines = (this.rest + this.buffer.toString('latin1', 0, bytes)).split('\n')
      this.rest = lines.pop()!
      for (const text of lines) {
        const line = parseLine(text.replaceAll('\r', '').replace(/^.+(?=READY )/, ''))
        if (line.kind === 'ready') this.boot++
        if (line.kind === 'tick') this.arrivals.push({ boot: this.boot, n: line.n, atMs })
      }
    }
    if (this.arrivals.length > arrivalsMax) this.arrivals.splice(0, arrivalsMax / 10)
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    clearInterval(this.timer)
    closeSync(this.fd)
  }
}
