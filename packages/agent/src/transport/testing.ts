/** Agents' transports for tests: on loopback, with everything they hear written down. */
import type { HostId } from '@drover/protocol'
import type { PrivateKey } from '@libp2p/interface'
import { pino } from 'pino'
import { createIdentity } from './identity.ts'
import { createLibp2pTransport, type Libp2pTransportInit } from './libp2p.ts'
import type { Transport } from './transport-port.ts'

export interface Party {
  readonly transport: Transport
  readonly id: HostId
  readonly key: PrivateKey
  readonly address: string
  /** `from: text`, in order. */
  readonly received: string[]
  readonly heard: string[]
  /** `+id`, `-id`, in order. */
  readonly events: string[]
  readonly strangers: string[]
}

export const clusterSecret = Buffer.from('a secret that the whole cluster shares')

/** What `received` and `heard` take for garbage. */
export const garbage = 'garbage'

export const party = async (changes: Partial<Libp2pTransportInit> = {}): Promise<Party> => {
  const key = changes.privateKey ?? (await createIdentity())
  const transport = createLibp2pTransport({
    privateKey: key,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    announce: [],
    bootstrap: [],
    clusterKey: clusterSecret,
    allow: null,
    log: pino({ level: 'silent' }),
    loopback: true,
    ...changes,
  })
  const received: string[] = []
  const heard: string[] = []
  const events: string[] = []
  const strangers: string[] = []
  await transport.start({
    received: (from, bytes) => {
      const text = Buffer.from(bytes).toString()
      if (text === garbage) return false
      received.push(`${from}: ${text}`)
      return true
    },
    heard: (from, bytes) => {
      const text = Buffer.from(bytes).toString()
      if (text === garbage) return false
      heard.push(`${from}: ${text}`)
      return true
    },
    connected: (host) => void events.push(`+${host}`),
    disconnected: (host) => void events.push(`-${host}`),
    silent: () => undefined,
    stranger: (who, why) => void strangers.push(`${who} ${why}`),
  })
  const address = transport.addresses()[0]
  if (address === undefined) throw new Error('not listening')
  return { transport, id: transport.self, key, address, received, heard, events, strangers }
}

export const text = (value: string): Uint8Array => Buffer.from(value)

/** Waits for a fact; fails with the question when it does not come true in time. */
export const until = async (question: string, fact: () => boolean, ms = 8_000): Promise<void> => {
  const end = performance.now() + ms
  while (!fact()) {
    if (performance.now() > end) throw new Error(`waited ${ms} ms in vain: ${question}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
