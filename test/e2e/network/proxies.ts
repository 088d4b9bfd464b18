/**
 * Between any two agents stands a proxy. Host j is announced as `front`.j, where only the proxy listens: an agent that connects there is
 * known by its own address, `back`.i, and is carried to `back`.j. There the agent of j sees it come from `front`.i, where i is
 * announced. So all addresses that agents tell each other are true, and none leads past the proxy.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createPipe } from './pipe.ts'
import { createWay, fairWeather, type Way } from './way.ts'

export interface ProxiesInit {
  /** Number of hosts; they are 1 … hosts. */
  readonly hosts: number
  /** The first three numbers of an address, e.g. `10.77.0`: where proxies listen, … */
  readonly front: string
  /** … and where agents do. */
  readonly back: string
  readonly port: number
}

export interface Proxies {
  way(from: number, to: number): Way
  /** Connections between these two, begun by either, are reset at both ends. Returns how many. */
  reset(a: number, b: number): number
  /** All ways are as they were in the beginning. */
  heal(): void
  /** Connections that are open now. */
  readonly connections: number
  close(): Promise<void>
}

interface Carried {
  readonly a: number
  readonly b: number
  reset(): void
  end(): void
}

interface ProxiesState {
  readonly init: ProxiesInit
  readonly ways: ReadonlyMap<string, Way>
  readonly carried: Set<Carried>
}

const keyOf = (from: number, to: number): string => `${from} ${to}`

const wayOf = ({ ways }: ProxiesState, from: number, to: number): Way => {
  const way = ways.get(keyOf(from, to))
  if (way === undefined) throw new RangeError(`no way from h${from} to h${to}`)
  return way
}

/** Connects once the way lets a beginning pass; null when the client has gone before. */
const reach = (client: Socket, way: Way, dial: () => Socket, reached: (socket: Socket) => void): void => {
  if (client.destroyed) return
  if (way.weather.held) {
    way.onChange(() => reach(client, way, dial, reached))
    return
  }
  const { delayMs } = way.weather
  if (delayMs === 0) return reached(dial())
  setTimeout(() => {
    if (!client.destroyed) reached(dial())
  }, delayMs)
}

const carry = (state: ProxiesState, client: Socket, from: number, to: number): void => {
  const { front, back, port } = state.init
  const there = wayOf(state, from, to)
  const dial = (): Socket =>
    connect({ host: `${back}.${to}`, port, localAddress: `${front}.${from}`, allowHalfOpen: true })
  client.on('error', () => {}) // its close says all
  client.pause()
  const ends: (() => void)[] = []
  let server: Socket | null = null
  const one: Carried = {
    a: from,
    b: to,
    reset() {
      one.end()
      client.resetAndDestroy()
      server?.resetAndDestroy()
    },
    end() {
      state.carried.delete(one)
      for (const end of ends.splice(0)) end()
    },
  }
  state.carried.add(one)
  client.on('close', () => {
    if (server === null || server.destroyed) one.end()
  })
  reach(client, there, dial, (socket) => {
    server = socket
    socket.on('error', () => {})
    ends.push(createPipe(client, socket, there), createPipe(socket, client, wayOf(state, to, from)))
    client.resume()
    socket.on('close', () => {
      if (client.destroyed) one.end()
    })
  })
}

const listen = async (state: ProxiesState, to: number): Promise<Server> => {
  const { front, back, port, hosts } = state.init
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const from = Array.from({ length: hosts }, (_, i) => i + 1).find(
      (host) => client.remoteAddress === `${back}.${host}`,
    )
    if (from === undefined || from === to) client.resetAndDestroy()
    else carry(state, client, from, to)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: `${front}.${to}`, port }, resolve)
  })
  return server
}

/** Rejects with Node's error when a proxy cannot listen. */
export const createProxies = async (init: ProxiesInit): Promise<Proxies> => {
  const numbers = Array.from({ length: init.hosts }, (_, i) => i + 1)
  const ways = new Map<string, Way>()
  for (const from of numbers)
    for (const to of numbers) if (from !== to) ways.set(keyOf(from, to), createWay())
  const state: ProxiesState = { init, ways, carried: new Set() }
  const servers = await Promise.all(numbers.map((to) => listen(state, to)))
  return {
    way: (from, to) => wayOf(state, from, to),
    reset(a, b) {
      const hit = [...state.carried].filter(
        (one) => (one.a === a && one.b === b) || (one.a === b && one.b === a),
      )
      for (const one of hit) one.reset()
      return hit.length
    },
    heal() {
      for (const way of ways.values()) way.change(fairWeather)
    },
    get connections() {
      return state.carried.size
    },
    async close() {
      const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
      for (const one of [...state.carried]) one.reset()
      await Promise.all(closed)
    },
  }
}
