/**
 * `/drover/peers/1`: the dialling end says where it is reached and which peers it knows, and the other end answers the same.
 * It is also the handshake. It succeeds only when both ends admit each other, and only then is a peer *connected*.
 */
import type { HostId } from '@drover/protocol'
import type { Connection, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { z } from 'zod'
import { errorOf } from '../errors.ts'
import type { Told } from './address-book.ts'
import { bounds } from './bounds.ts'

export const exchangeProtocol = '/drover/peers/1'

/** What one side tells: how it is reached, and some peers that it is or was connected to. */
export interface Directory {
  readonly self: readonly string[]
  readonly peers: readonly Told[]
}

const addresses = z.array(z.string().max(bounds.addressCharsMax)).max(bounds.addressesPerPeerMax)
const directory: z.ZodType<Directory> = z.object({
  self: addresses,
  peers: z
    .array(z.object({ id: z.string().min(1).max(200), addresses }))
    .max(bounds.toldPeersMax) as unknown as z.ZodType<readonly Told[]>,
})

const frames = { maxDataLength: bounds.exchangeBytesMax }

/** Throws when the other side does not take part, answers nonsense, or takes too long. */
export const exchangeAsDialler = async (connection: Connection, ours: Directory): Promise<Directory> => {
  const signal = AbortSignal.timeout(bounds.exchangeMs)
  const stream = await connection.newStream(exchangeProtocol, { signal })
  try {
    const lp = lpStream(stream, frames)
    await lp.write(encode(ours), { signal })
    const theirs = decode((await lp.read({ signal })).subarray())
    await stream.close({ signal })
    return theirs
  } catch (error) {
    stream.abort(errorOf(error))
    throw error
  }
}

/** `heard` is called before our answer is sent. So when the dialling end has its answer, both ends know of each other. */
export const exchangeAsListener = async (
  stream: Stream,
  ours: () => Directory,
  heard: (theirs: Directory) => void,
): Promise<void> => {
  const signal = AbortSignal.timeout(bounds.exchangeMs)
  try {
    const lp = lpStream(stream, frames)
    const theirs = decode((await lp.read({ signal })).subarray())
    const answer = ours()
    heard(theirs)
    await lp.write(encode(answer), { signal })
    await stream.close({ signal })
  } catch (error) {
    stream.abort(errorOf(error))
    throw error
  }
}

/** Only the addresses of ours that are of use outside of this machine. */
export const addressesToTell = (addresses: readonly string[], remote: string): readonly string[] => {
  const isLoopback = (address: string): boolean => /^\/(ip4\/127\.|ip6\/::1\/)/.test(address)
  const useful = isLoopback(remote) ? addresses : addresses.filter((address) => !isLoopback(address))
  return useful
    .filter((address) => address.length <= bounds.addressCharsMax)
    .slice(0, bounds.addressesPerPeerMax)
}

/** A random part of the known peers, when there are more than fit. */
export const somePeers = (
  peers: readonly { readonly id: HostId; readonly addresses: readonly string[] }[],
): readonly Told[] => {
  if (peers.length <= bounds.toldPeersMax) return peers
  const from = Math.floor(Math.random() * peers.length)
  return [...peers.slice(from), ...peers.slice(0, from)].slice(0, bounds.toldPeersMax)
}

const encode = (ours: Directory): Uint8Array => Buffer.from(JSON.stringify(ours))
const decode = (bytes: Uint8Array): Directory => directory.parse(JSON.parse(Buffer.from(bytes).toString()))
