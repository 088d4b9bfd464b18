/**
 * One connection to one libvirt daemon: calls with time-outs, events, keepalive in both directions.
 * It does not reconnect (`link.ts` does). Garbage from the daemon closes it; nothing here throws later.
 */
import type { Socket } from 'node:net'
import { wordsOf } from '../../errors.ts'
import { HypervisorError } from '../hypervisor-port.ts'
import {
  encodePacket,
  keepaliveProgram,
  type Packet,
  PacketReader,
  packetStatus,
  packetType,
  programVersion,
  remoteProgram,
} from './frame.ts'
import { readLibvirtError, unreachable } from './libvirt-errors.ts'
import type { Procedure } from './procedures.ts'
import { unreadBytesMax } from './told-bounds.ts'
import { XdrReader, XdrWriter } from './xdr.ts'

export interface ConnectionLimits {
  /** A call without an answer for so long fails with `hypervisor.timeout`. */
  readonly callMs: number
  /** A silent daemon is asked for a sign of life this often … */
  readonly keepaliveMs: number
  /** … and is given up after so many questions without one. */
  readonly keepaliveCount: number
  /** Longest packet of the daemon, bytes. Default: libvirt's own limit. */
  readonly packetBytesMax?: number
}

/**
 * Calls on their way at once. libvirtd serves five of a connection (`max_client_requests`) and then stops
 * reading from it: a sixth would also hold up the answers to our keepalive.
 */
const callsMax = 4

/** Calls that wait for their turn. More means that the daemon is stuck: an error, not a longer queue. */
const queueMax = 1024

const keepalivePing = 1
const keepalivePong = 2

interface Call {
  readonly name: string
  readonly packet: Buffer
  readonly serial: number
  timer: NodeJS.Timeout | undefined
  readonly done: (payload: Buffer) => void
  readonly failed: (error: Error) => void
}

export class Connection {
  /** Called with every message that the daemon sends on its own: procedure number and payload. May throw on garbage. */
  onMessage: (procedure: number, payload: Buffer) => void = () => {}
  /** Called with what the daemon told that cannot be so (`told-bounds.ts`): it counts as not told. */
  onOdd: (what: string) => void = () => {}
  /** Called once, with the reason. */
  onClose: (reason: string) => void = () => {}

  readonly #socket: Socket
  readonly #limits: ConnectionLimits
  readonly #packets: PacketReader
  /** Sent and not answered; a call that timed out stays, for it still occupies the daemon. */
  readonly #sent = new Map<number, Call>()
  readonly #queue: Call[] = []
  #serial = 0
  #closed: string | null = null
  #keepalive: NodeJS.Timeout | undefined
  #questions = 0

  constructor(socket: Socket, limits: ConnectionLimits) {
    this.#socket = socket
    this.#limits = limits
    this.#packets = new PacketReader(limits.packetBytesMax)
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
    socket.on('error', (error) => this.close(error.message))
    socket.on('close', () => this.close('closed by the daemon'))
    if (socket.destroyed) this.close('closed by the daemon')
  }

  /** Why it is closed, or null while it is open. */
  get closed(): string | null {
    return this.#closed
  }

  /** Begins to ask for signs of life. Only after the daemon has said that it knows the keepalive program. */
  startKeepalive(): void {
    this.#keepalive ??= setInterval(() => {
      if (this.#questions >= this.#limits.keepaliveCount) return this.close('no sign of life from the daemon')
      this.#questions += 1
      this.#sendKeepalive(keepalivePing)
    }, this.#limits.keepaliveMs)
  }

  /**
   * Makes a call. `timeoutMs: null` waits as long as the connection lives: for calls that last, such as migrations.
   * Rejects with `HypervisorError`: the daemon's own error, `hypervisor.timeout` (sent, no answer), or
   * `hypervisor.unreachable` (never sent, or the connection broke meanwhile).
   */
  call<Args, Result>(
    procedure: Procedure<Args, Result>,
    args: Args,
    timeoutMs: number | null = this.#limits.callMs,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) return reject(unreachable(this.#closed))
      if (this.#queue.length >= queueMax) return reject(unreachable(`${queueMax} calls are waiting already`))
      this.#serial = (this.#serial + 1) % 0x1_0000_0000
      const writer = new XdrWriter()
      procedure.write(writer, args)
      const call: Call = {
        name: procedure.name,
        serial: this.#serial,
        packet: encodePacket(
          {
            program: remoteProgram,
            version: programVersion,
            procedure: procedure.number,
            type: packetType.call,
            serial: this.#serial,
            status: packetStatus.ok,
          },
          writer.done(),
        ),
        timer: undefined,
        // Reading happens here, where the result's type is known; garbage propagates to `#received`.
        done: (payload) => {
          const reader = new XdrReader(payload, (what) => this.onOdd(`${procedure.name}: ${what}`))
          const result = procedure.read(reader)
          reader.end()
          resolve(result)
        },
        failed: reject,
      }
      if (timeoutMs !== null) call.timer = setTimeout(() => this.#expired(call, timeoutMs), timeoutMs)
      this.#queue.push(call)
      this.#send()
    })
  }

  /** Idempotent. Fails every call that has no answer. */
  close(reason: string): void {
    if (this.#closed !== null) return
    this.#closed = reason
    clearInterval(this.#keepalive)
    this.#socket.destroy()
    for (const call of [...this.#sent.values(), ...this.#queue.splice(0)]) {
      clearTimeout(call.timer)
      call.failed(unreachable(reason))
    }
    this.#sent.clear()
    this.onClose(reason)
  }

  #send(): void {
    while (this.#sent.size < callsMax) {
      const call = this.#queue.shift()
      if (call === undefined) return
      this.#sent.set(call.serial, call)
      this.#socket.write(call.packet)
    }
  }

  #expired(call: Call, afterMs: number): void {
    const waiting = this.#queue.indexOf(call)
    if (waiting < 0) {
      // It stays in `#sent`: it still occupies the daemon, and its late answer must not be taken for another's.
      call.failed(new HypervisorError('hypervisor.timeout', `${call.name}: no answer within ${afterMs} ms`))
      return
    }
    this.#queue.splice(waiting, 1)
    call.failed(unreachable(`${call.name}: not sent within ${afterMs} ms, ${callsMax} calls are stuck`))
    // A connection whose every slot is stuck serves no call any more; a new one may.
    this.close(`${callsMax} calls are stuck`)
  }

  #received(chunk: Buffer): void {
    this.#questions = 0
    try {
      for (const packet of this.#packets.push(chunk)) this.#packet(packet)
    } catch (error) {
      this.close(`garbage from the daemon: ${wordsOf(error)}`)
    }
  }

  #packet({ header, payload }: Packet): void {
    if (header.program === keepaliveProgram) {
      if (header.procedure === keepalivePing) this.#sendKeepalive(keepalivePong)
    } else if (header.type === packetType.message) this.onMessage(header.procedure, payload)
    else if (header.type === packetType.reply) this.#answered(header.serial, header.status, payload)
    else throw new TypeError(`a packet of type ${header.type}`)
  }

  #answered(serial: number, status: number, payload: Buffer): void {
    const call = this.#sent.get(serial)
    if (call === undefined) throw new TypeError(`an answer to call ${serial}, which was never made`)
    // Decode first: if it is garbage, the call is still registered, so that `close` fails it.
    if (status === packetStatus.error) call.failed(readLibvirtError(new XdrReader(payload)))
    else call.done(payload)
    clearTimeout(call.timer)
    this.#sent.delete(serial)
    this.#send()
  }

  #sendKeepalive(procedure: number): void {
    if (this.#socket.writableLength > unreadBytesMax) return this.close('the daemon reads nothing')
    const header = { program: keepaliveProgram, version: programVersion, procedure, serial: 0 }
    this.#socket.write(
      encodePacket({ ...header, type: packetType.message, status: packetStatus.ok }, new Uint8Array(0)),
    )
  }
}
