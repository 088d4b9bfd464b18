/**
 * A connection under a cipher that only holders of the cluster key can speak. Noise, inside it, gives secrecy and
 * authenticates peers; the cipher ties the connection to the proof of the key that began it, so that an attacker cannot let
 * two members prove it to each other and then go on in their place. What is altered on the way fails in noise.
 */
import { type Cipheriv, createCipheriv, createDecipheriv, type Decipheriv } from 'node:crypto'
import type { AbortOptions, MultiaddrConnection } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'

/** Key and initial counter of one direction of one connection. Never used twice. */
export const cipherKeyBytes = 48

const algorithm = 'aes-256-ctr'

class CipheredConnection extends AbstractMultiaddrConnection {
  readonly #raw: MultiaddrConnection
  readonly #outward: Cipheriv
  readonly #inward: Decipheriv

  constructor(raw: MultiaddrConnection, outward: Buffer, inward: Buffer) {
    super({ log: raw.log, remoteAddr: raw.remoteAddr, direction: raw.direction })
    this.#raw = raw
    this.#outward = createCipheriv(algorithm, outward.subarray(0, 32), outward.subarray(32))
    this.#inward = createDecipheriv(algorithm, inward.subarray(0, 32), inward.subarray(32))

    raw.addEventListener('message', ({ data }) => {
      for (const piece of data instanceof Uint8Array ? [data] : data) this.onData(this.#inward.update(piece))
    })
    raw.addEventListener('drain', () => this.onMuxerDrain())
    raw.addEventListener('close', (event) => {
      if (event.error === undefined) this.onTransportClosed()
      else if (event.local === true) this.abort(event.error)
      else this.onRemoteReset()
    })
  }

  override sendData(data: Parameters<AbstractMultiaddrConnection['sendData']>[0]): SendResult {
    return { sentBytes: data.byteLength, canSendMore: this.#raw.send(this.#outward.update(data.subarray())) }
  }
  override async sendClose(options?: AbortOptions): Promise<void> {
    await this.#raw.close(options)
  }
  override sendReset(error: Error): void {
    this.#raw.abort(error)
  }
  override sendPause(): void {
    this.#raw.pause()
  }
  override sendResume(): void {
    this.#raw.resume()
  }
}

export const createCipheredConnection = (
  raw: MultiaddrConnection,
  outward: Buffer,
  inward: Buffer,
): MultiaddrConnection => new CipheredConnection(raw, outward, inward)
