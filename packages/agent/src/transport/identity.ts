/** The agent's identity: an Ed25519 key on disk, whose public half names the host everywhere. */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { asHostId, type HostId } from '@drover/protocol'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { CodedError, systemCodeOf, wordsOf } from '../errors.ts'
import { GivenError, givenBytes, readGiven } from '../given/read-given.ts'

/** `identity.unreadable`, `identity.mode` (others may read it), `identity.broken` (not a key of ours). */
export class IdentityError extends CodedError<'identity.unreadable' | 'identity.mode' | 'identity.broken'> {}

export const hostIdOf = (privateKey: PrivateKey): HostId =>
  asHostId(peerIdFromPrivateKey(privateKey).toString())

export const createIdentity = (): Promise<Ed25519PrivateKey> => generateKeyPair('Ed25519')

/**
 * The key in this file; a new one when there is no file. A file that is there and cannot be used is never replaced:
 * the host would come back under another name, and others would take it for another host.
 */
export const loadOrCreateIdentity = async (path: string): Promise<PrivateKey> => {
  const found = load(path)
  if (found !== null) return found
  const key = await createIdentity()
  // Of two agents that start at the same time, one creates the file and the other reads it.
  return create(path, privateKeyToProtobuf(key)) ? key : (load(path) ?? key)
}

const load = (path: string): PrivateKey | null => {
  let bytes: Uint8Array
  try {
    const mode = statSync(path).mode & 0o777
    if ((mode & 0o077) !== 0) {
      throw new IdentityError(
        'identity.mode',
        `${path} has mode 0${mode.toString(8)}: others can read the identity key. Set it to 0600; if someone may have copied it, delete it instead`,
      )
    }
    bytes = readGiven(path, { bytesMax: givenBytes.settings })
  } catch (error) {
    if (error instanceof IdentityError) throw error
    if (systemCodeOf(error) === 'ENOENT') return null
    throw new IdentityError(
      'identity.unreadable',
      `cannot read the identity key ${path}: ${error instanceof GivenError ? error.text : wordsOf(error)}`,
      {
        cause: error,
      },
    )
  }
  try {
    const key = privateKeyFromProtobuf(bytes)
    if (key.type !== 'Ed25519') throw new Error(`it is a ${key.type} key`)
    return key
  } catch (error) {
    throw new IdentityError(
      'identity.broken',
      `${path} does not hold an Ed25519 identity key (${wordsOf(error)}); restore it from a backup, or delete it to give this host a new identity`,
      { cause: error },
    )
  }
}

/** Written beside, flushed, then linked: the file is never seen half written. False = another process was faster. */
const create = (path: string, bytes: Uint8Array): boolean => {
  const beside = `${path}.${randomBytes(6).toString('hex')}`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const file = openSync(beside, 'wx', 0o600)
    try {
      writeSync(file, bytes)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    chmodSync(beside, 0o600)
    try {
      linkSync(beside, path)
    } finally {
      unlinkSync(beside)
    }
    const directory = openSync(dirname(path), 'r')
    fsyncSync(directory)
    closeSync(directory)
    return true
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false
    throw new IdentityError(
      'identity.unreadable',
      `cannot create the identity key ${path}: ${wordsOf(error)}`,
      {
        cause: error,
      },
    )
  }
}
