/**
 * The cluster key. Before anything else is said on a connection, both sides prove that they have it: each sends a
 * challenge, and answers with an HMAC over both. Everything after runs under a cipher keyed by the key and the
 * challenges. Then noise authenticates the peer itself.
 *
 * This is what `@libp2p/pnet` is for. That package (3.0.27) holds two slots of a fixed WebAssembly memory for every
 * connection there ever was, so that a process dies after some thousands of them; and a wrong key looks to it like
 * line noise, so that a stranger has neither a name nor a count.
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ConnectionProtector, MultiaddrConnection } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import { bounds } from './bounds.ts'
import { cipherKeyBytes, createCipheredConnection } from './cluster-cipher.ts'
import { createPendingProofs, sourceOf } from './pending-proofs.ts'

export interface ClusterKeyInit {
  /** The configured secret, at best 32 random bytes: nothing else guards it against guessing. Null = no key asked for. */
  readonly secret: Uint8Array | null
  /** Called with every connection before its first byte: `kill` destroys them. */
  opened(connection: MultiaddrConnection): void
  /** A peer could not prove that it has the key. */
  refused(address: string, why: string): void
  /** It has said nothing in time: a stranger, or a friend that is slow. */
  silent(address: string): void
}

/** So that a peer that speaks another protocol is known for it at once. */
const greeting = Buffer.from('drover/1')
const challengeBytes = 32
const proofBytes = 32

export const createClusterKeyProtector = (init: ClusterKeyInit): (() => ConnectionProtector) => {
  const { secret } = init
  const secured = secret === null ? null : guard(secret)
  const pending = createPendingProofs<MultiaddrConnection>(bounds.pendingPerSourceMax, (oldest) =>
    oldest.abort(new Error('too many connections of this address wait for their proof')),
  )
  return () => ({
    protect: async (connection) => {
      // libp2p hands over the raw connection; only its type says less.
      const raw = connection as MultiaddrConnection
      init.opened(raw)
      if (secured === null) return raw
      const source = sourceOf(raw.remoteAddr.toString())
      const ended = raw.direction === 'inbound' ? pending.begin(source, raw) : () => {}
      const signal = AbortSignal.timeout(bounds.keyProofMs)
      try {
        return await secured(raw, signal)
      } catch (error) {
        if (error instanceof Stranger) {
          init.refused(raw.direction === 'inbound' ? source : raw.remoteAddr.toString(), error.message)
          await new Promise((resolve) => setTimeout(resolve, bounds.keyRefusalMs).unref())
        } else if (signal.aborted && raw.direction === 'inbound') {
          init.silent(source)
        }
        throw error
      } finally {
        ended()
      }
    },
  })
}

class Stranger extends Error {}

const guard = (secret: Uint8Array) => {
  const derived = (use: string, salt: Uint8Array, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, salt, `drover/1 ${use}`, bytes))
  const proofKey = derived('proof', new Uint8Array(0), 32)

  return async (raw: MultiaddrConnection, signal: AbortSignal): Promise<MultiaddrConnection> => {
    const bytes = byteStream(raw)
    const mine = randomBytes(challengeBytes)
    await bytes.write(Buffer.concat([greeting, mine]), { signal })
    const greeted = (await bytes.read({ bytes: greeting.length, signal })).subarray()
    if (!greeting.equals(greeted)) throw new Stranger('has no cluster key: it does not speak our protocol')
    const theirs = (await bytes.read({ bytes: challengeBytes, signal })).subarray()

    const isDialler = raw.direction === 'outbound'
    const both = isDialler ? Buffer.concat([mine, theirs]) : Buffer.concat([theirs, mine])
    // Each role proves something else, so that no peer can answer us with our own words.
    const proofOf = (role: string): Buffer =>
      createHmac('sha256', proofKey).update(role).update(both).digest()
    const me = isDialler ? 'dialler' : 'listener'
    const them = isDialler ? 'listener' : 'dialler'
    await bytes.write(proofOf(me), { signal })
    const proof = (await bytes.read({ bytes: proofBytes, signal })).subarray()
    if (!timingSafeEqual(proof, proofOf(them))) throw new Stranger('does not have the cluster key')

    bytes.unwrap()
    return createCipheredConnection(
      raw,
      derived(`from ${me}`, both, cipherKeyBytes),
      derived(`from ${them}`, both, cipherKeyBytes),
    )
  }
}
