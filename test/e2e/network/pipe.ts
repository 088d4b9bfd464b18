/** Carries what one socket says to another one over a way, in order, its end and its reset included. */
import type { Socket } from 'node:net'
import type { Way } from './way.ts'

/** Bytes that wait before the sender is told to wait, as a full window would. */
const waitingBytesMax = 1_048_576

type Item =
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly dueAt: number }
  | { readonly kind: 'end' | 'reset'; readonly dueAt: number }

const deliver = (item: Item, to: Socket): void => {
  if (to.destroyed) return
  if (item.kind === 'bytes') to.write(item.bytes)
  else if (item.kind === 'end') to.end()
  else to.resetAndDestroy()
}

/** `from` is read from now on. Returns what ends it: no timer and no listener is left. */
export const createPipe = (from: Socket, to: Socket, way: Way): (() => void) => {
  const queue: Item[] = []
  let waiting = 0
  let lastDueAt = 0
  let wake = (): void => {}
  let over = false

  const sleep = (ms: number): void => {
    const timer = setTimeout(flow, ms)
    wake = () => clearTimeout(timer)
  }

  const flow = (): void => {
    wake()
    for (let item = queue[0]; item !== undefined && !over; item = queue[0]) {
      if (way.weather.held) {
        wake = way.onChange(flow)
        return
      }
      const now = performance.now()
      const bytes = item.kind === 'bytes' ? item.bytes.length : 0
      const waitMs = item.dueAt > now ? item.dueAt - now : way.waitMs(bytes, now)
      if (waitMs > 0) return sleep(Math.ceil(waitMs))
      queue.shift()
      waiting -= bytes
      deliver(item, to)
    }
    if (waiting + to.writableLength < waitingBytesMax) from.resume()
  }

  const enqueue = (make: (dueAt: number) => Item): void => {
    if (over) return
    const { delayMs, jitterMs } = way.weather
    const late = delayMs + (jitterMs > 0 ? Math.random() * jitterMs : 0)
    lastDueAt = Math.max(lastDueAt, performance.now() + late)
    queue.push(make(lastDueAt))
    if (queue.length === 1) flow()
  }

  let ended = false
  from.on('data', (bytes: Buffer) => {
    waiting += bytes.length
    if (waiting + to.writableLength >= waitingBytesMax) from.pause()
    enqueue((dueAt) => ({ kind: 'bytes', bytes, dueAt }))
  })
  from.on('end', () => {
    ended = true
    enqueue((dueAt) => ({ kind: 'end', dueAt }))
  })
  from.on('close', () => {
    if (!ended) enqueue((dueAt) => ({ kind: 'reset', dueAt }))
  })
  to.on('drain', flow)
  return () => {
    over = true
    wake()
    queue.length = 0
  }
}
