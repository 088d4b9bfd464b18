/**
 * A world that the agents of other processes share: behind one unix socket, in the process that keeps it. A connection is one
 * agent's hold on its host's hypervisor. When it closes, the agent is gone, and its migrations go on.
 */
import { createServer, type Socket } from 'node:net'
import { type Hypervisor, HypervisorError, wordsOf } from '@drover/agent/runtime'
import type { SimulatedOptions } from '../hypervisor/driver-state.ts'
import { simulatedHypervisor } from '../hypervisor/simulated.ts'
import type { World } from '../hypervisor/world.ts'
import { onJsonLines, sendJsonLine } from './json-lines.ts'
import { type AnswerOf, type Call, type CallName, question, type Told } from './world-calls.ts'

export interface ServeWorldInit {
  readonly world: World
  /** Path of the unix socket; there must be none. */
  readonly path: string
  /** Of the simulated drivers. */
  readonly options?: SimulatedOptions
  /** A call failed in a way that no hypervisor does: a fault of the world, not of an agent. */
  readonly onFault?: (text: string) => void
}

export interface ServedWorld {
  readonly path: string
  /** Ends all connections. */
  close(): Promise<void>
}

/** Throws HypervisorError as the port does. */
const perform = async (
  hypervisor: Hypervisor,
  call: Call,
  tell: (told: Omit<Extract<Told, { kind: 'progress' }>, 'number'>) => void,
): Promise<AnswerOf[CallName]> => {
  switch (call.name) {
    case 'host':
    case 'sample':
    case 'jobs':
      return hypervisor[call.name]()
    case 'locate':
      return hypervisor.locate(call.vm, call.at)
    case 'migrate':
      return hypervisor.migrate(call.request, (progress) => tell({ kind: 'progress', progress }))
    case 'limit':
      await hypervisor.limit(call.vm, call.bandwidthMiBps)
      return null
    case 'resume':
      await hypervisor.resume(call.vm, call.at)
      return null
    case 'abort':
    case 'setAutostart':
    case 'save':
    case 'restore':
    case 'start':
    case 'shutdown':
      await hypervisor[call.name](call.vm)
      return null
    default:
      return call satisfies never
  }
}

const serve = ({ world, options, onFault = () => {} }: ServeWorldInit, socket: Socket): void => {
  let hypervisor: Hypervisor | null = null
  const tell = (told: Told): void => sendJsonLine(socket, told)
  const refuse = (text: string): void => {
    tell({ kind: 'refused', text })
    socket.end()
  }

  const welcome = (host: string): void => {
    try {
      hypervisor = simulatedHypervisor(world, host, options)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      return refuse(error.message)
    }
    hypervisor.events((event) => tell({ kind: 'event', event }))
    hypervisor.open()
  }

  const answer = (asked: Hypervisor, number: number, call: Call): void =>
    void perform(asked, call, (told) => tell({ ...told, number })).then(
      (answer) => tell({ kind: 'answer', number, answer }),
      (error: unknown) => {
        const ours = error instanceof HypervisorError
        if (!ours) onFault(`${call.name}: ${wordsOf(error)}`)
        tell({ kind: 'error', number, code: ours ? error.code : 'hypervisor.refused', text: wordsOf(error) })
      },
    )

  onJsonLines(
    socket,
    (value) => {
      const { data, error } = question.safeParse(value)
      if (data === undefined) return refuse(`not understood: ${error.message}`)
      if ('hello' in data) return hypervisor === null ? welcome(data.hello) : refuse('said hello twice')
      if (hypervisor === null) return refuse('asked before it said hello')
      answer(hypervisor, data.number, data.call)
    },
    refuse,
  )
  // A process that was killed resets its connection: the close that follows says all.
  socket.on('error', () => {})
  socket.on('close', () => void hypervisor?.close())
}

/** Rejects with Node's error when the socket cannot be made. */
export const serveWorld = async (init: ServeWorldInit): Promise<ServedWorld> => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serve(init, socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(init.path, resolve)
  })
  return {
    path: init.path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
