/** A binary heap of timers, the next one first: of one instant, the one that was asked for first. */

export interface Timer {
  readonly at: number
  readonly sequence: number
  /** Null = it has fired or was cancelled. */
  fn: (() => void) | null
}

const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.sequence < b.sequence)

export const push = (heap: Timer[], timer: Timer): void => {
  let i = heap.length
  heap.push(timer)
  while (i > 0) {
    const parent = (i - 1) >> 1
    if (!before(timer, heap[parent]!)) break
    heap[i] = heap[parent]!
    i = parent
  }
  heap[i] = timer
}

const sink = (heap: Timer[], from: number, timer: Timer): void => {
  let i = from
  for (let child = 2 * i + 1; child < heap.length; child = 2 * i + 1) {
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
    if (!before(heap[child]!, timer)) break
    heap[i] = heap[child]!
    i = child
  }
  heap[i] = timer
}

/** Takes the first one off a heap that is not empty. */
export const pop = (heap: Timer[]): void => {
  const last = heap.pop()!
  if (heap.length > 0) sink(heap, 0, last)
}

/** Makes the heap anew without the timers that are cancelled. */
export const sweep = (heap: Timer[]): void => {
  const living = heap.filter((timer) => timer.fn !== null)
  heap.length = 0
  for (const timer of living) heap.push(timer)
  for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(heap, i, heap[i]!)
}
