/** Values over a socket, one line of JSON each. */
import type { Socket } from 'node:net'

/** Calls `hear` with each value that arrives, in order, and `broken` once when a line is no JSON. */
export const onJsonLines = (
  socket: Socket,
  hear: (value: unknown) => void,
  broken: (why: string) => void,
): void => {
  let rest = ''
  let ended = false
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (ended) return
      let value: unknown
      try {
        value = JSON.parse(line)
      } catch {
        ended = true
        broken(`no JSON: ${line.slice(0, 80)}`)
        return
      }
      hear(value)
    }
  })
}

/** Nothing is sent over a socket that is closed, or about to be. */
export const sendJsonLine = (socket: Socket, value: unknown): void => {
  if (socket.writable) socket.write(`${JSON.stringify(value)}\n`)
}
