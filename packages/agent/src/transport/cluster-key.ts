/**
 * The cluster key. Before anything else is said on a connection, both sides prove that they have it: each sends a
 * challenge, and answers the other's with an HMAC over both. All of it, and all that follows, runs inside libp2p's
 * private-network cipher (`@libp2p/pnet`), which alone would let a stranger fail only later and without a name:
 * a wrong key would look like line noise. Noise then authenticates the peer itself.
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ConnectionProtector, MessageStream, MultiaddrConnection } from '@libp2p/interface'
import { preSharedKey } from '@libp2p/pnet'
import { byteStream } from '@libp2p/utils'
import { bounds } from './bounds.ts'

export interface ClusterKeyInit {
  /** The configured secret, at best 32 random bytes: what guards it against guessing is only its length. Null = open. */
  readonly secret: Uint8Array | null
  /** Every connection, before a byte was said: `kill` destroys them. */
  opened(connection: MultiaddrConnection): void
  /** Someone could not prove that it has the key. */
  refused(address: string, why: string): void
}

const derived = (secret: Uint8Array, use: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, new Uint8Array(0), `drover/1 ${use}`, 32))

const challengeBytes = 32
const swarmKey = (secret: Uint8Array): Uint8Array =>
  Buffer.from(`/key/swarm/psk/1.0.0/\n/base16/\n${derived(secret, 'cipher').toString('hex')}`)

export const clusterKey = (init: ClusterKeyInit): (() => ConnectionProtector) => {
  if (init.secret === null) {
    return () => ({
      protect: async (connection) => {
        init.opened(connection as MultiaddrConnection)
        return connection
      },
    })
  }
  const cipher = preSharedKey({ psk: swarmKey(init.secret) })()
  const proofKey = derived(init.secret, 'proof')

  return () => ({
    protect: async (connection) => {
      const raw = connection as MultiaddrConnection
      init.opened(raw)
      const address = raw.remoteAddr.toString()
      let spoke = false
      const signal = AbortSignal.timeout(bounds.keyProofMs)
      try {
        const guarded = await cipher.protect(raw, { signal })
        spoke = true
        return await prove(guarded, raw.direction, proofKey, signal)
      } catch (error) {
        if (error instanceof WrongKey) {
          init.refused(address, 'does not have the cluster key')
          await new Promise((resolve) => setTimeout(resolve, bounds.keyRefusalMs).unref())
        } else if (signal.aborted && raw.direction === 'inbound') {
          init.refused(
            address,
            spoke ? 'did not prove the cluster key in time' : 'did not offer the cluster key',
          )
        }
        throw error
      }
    },
  })
}

class WrongKey extends Error {}

/** Roles differ in what is signed, so that nobody can answer us with our own words. */
const prove = async (
  stream: MessageStream,
  direction: 'inbound' | 'outbound',
  key: Buffer,
  signal: AbortSignal,
): Promise<MessageStream> => {
  const bytes = byteStream(stream)
  const mine = randomBytes(challengeBytes)
  await bytes.write(mine, { signal })
  const theirs = (await bytes.read({ bytes: challengeBytes, signal })).subarray()

  const [dialler, listener] = direction === 'outbound' ? [mine, theirs] : [theirs, mine]
  const proof = (role: 'dialler' | 'listener'): Buffer =>
    createHmac('sha256', key).update(role).update(dialler).update(listener).digest()
  await bytes.write(proof(direction === 'outbound' ? 'dialler' : 'listener'), { signal })
  const answer = (await bytes.read({ bytes: 32, signal })).subarray()
  if (!timingSafeEqual(answer, proof(direction === 'outbound' ? 'listener' : 'dialler'))) throw new WrongKey()
  return bytes.unwrap()
}
