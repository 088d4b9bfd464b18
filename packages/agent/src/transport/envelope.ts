/**
 * A signed summary: version, author's public key, number, signature, payload. Other hosts forward gossip, so the message
 * itself must prove its author. drover signs, and gossipsub does not: a key that is parsed once per author and one native
 * check cost a fraction of gossipsub's own signatures (docs/adr/002-gossip-signing.md).
 */
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'
import { asHostId, type HostId } from '@drover/protocol'
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { bounds } from './bounds.ts'

const version = 1
const keyBytes = 32
const numberBytes = 8
const signatureBytes = 64
const headerBytes = 1 + keyBytes + numberBytes
const payloadAt = headerBytes + signatureBytes

export type Seal = (payload: Uint8Array) => Uint8Array
export interface Opened {
  readonly author: HostId
  readonly payload: Uint8Array
}
/** Null when malformed, or not signed by the author that it names. */
export type Unseal = (bytes: Uint8Array) => Opened | null

/** The signed text names its topic. So it is no valid message of another topic. */
const signed = (topic: string, bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`${topic}\0`), bytes.subarray(0, headerBytes), bytes.subarray(payloadAt)])

export const createSealer = (topic: string, privateKey: PrivateKey): Seal => {
  const publicKey = privateKey.publicKey.raw
  const key = createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'OKP',
      crv: 'Ed25519',
      d: Buffer.from(privateKey.raw.subarray(0, 32)).toString('base64url'),
      x: Buffer.from(publicKey).toString('base64url'),
    },
  })
  // Equal payloads are still two messages; gossipsub would take the second for a repetition of the first.
  let number = BigInt(Date.now()) << 20n
  return (payload) => {
    const bytes = Buffer.alloc(payloadAt + payload.length)
    bytes[0] = version
    bytes.set(publicKey, 1)
    number += 1n
    bytes.writeBigUInt64BE(number, 1 + keyBytes)
    bytes.set(payload, payloadAt)
    bytes.set(sign(null, signed(topic, bytes), key), headerBytes)
    return bytes
  }
}

/** Envelopes that were found to be signed by the author that they name, by topic and digest; the newest few. */
export interface Proven {
  has(topic: string, bytes: Uint8Array): boolean
  add(topic: string, bytes: Uint8Array): void
}

/** For the agents of one process, which all hear the same messages: the first one checks a signature, for all of them. */
export const createProven = (): Proven => {
  const digests = new Set<string>()
  const digestOf = (topic: string, bytes: Uint8Array): string => `${topic} ${hash('sha256', bytes, 'base64')}`
  return {
    has: (topic, bytes) => digests.has(digestOf(topic, bytes)),
    add(topic, bytes) {
      if (digests.size >= bounds.provenMax) digests.delete(digests.keys().next().value as string)
      digests.add(digestOf(topic, bytes))
    },
  }
}

/** `proven` null: every signature is checked (each message comes once: gossipsub drops repetitions). */
export const createUnsealer = (topic: string, proven: Proven | null = null): Unseal => {
  const authors = new Map<string, { readonly id: HostId; readonly key: KeyObject }>()

  const author = (raw: Uint8Array) => {
    const name = Buffer.from(raw).toString('base64url')
    const known = authors.get(name)
    if (known !== undefined) return known
    if (authors.size >= bounds.knownPeersMax) authors.delete(authors.keys().next().value as string)
    const fresh = {
      id: asHostId(peerIdFromPublicKey(publicKeyFromRaw(raw)).toString()),
      key: createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: name } }),
    }
    authors.set(name, fresh)
    return fresh
  }

  return (bytes) => {
    if (bytes.length < payloadAt || bytes[0] !== version) return null
    try {
      const { id, key } = author(bytes.subarray(1, 1 + keyBytes))
      if (proven?.has(topic, bytes) !== true) {
        if (!verify(null, signed(topic, bytes), key, bytes.subarray(headerBytes, payloadAt))) return null
        proven?.add(topic, bytes)
      }
      return { author: id, payload: bytes.subarray(payloadAt) }
    } catch {
      return null // not a point of the curve
    }
  }
}
