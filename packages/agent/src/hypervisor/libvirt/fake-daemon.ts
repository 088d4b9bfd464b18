/**
 * Only for tests: a stand-in for libvirtd on a unix socket. It answers with what a test prepared, says nothing where
 * nothing was prepared, and can send garbage.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  encodePacket,
  keepaliveProgram,
  type Packet,
  PacketReader,
  packetStatus,
  packetType,
  remoteProgram,
} from './frame.ts'
import { authList, connectOpen, registerEvent, supportsFeature } from './procedures.ts'
import { XdrWriter } from './xdr.ts'

/** Writes the result of a call; null = never answer. An `error` is sent as libvirt's own. */
export type Answer =
  | ((writer: XdrWriter, packet: Packet) => void)
  | { readonly error: number; readonly message: string }
  | null

export class FakeDaemon {
  readonly uri: string
  /** Numbers of the procedures that were called, in order. */
  readonly called: number[] = []
  readonly sockets = new Set<Socket>()
  answersPings = true
  pings = 0
  pongs = 0
  readonly #answers = new Map<number, Answer>()
  readonly #directory: string
  readonly #path: string
  #server = createServer()

  constructor() {
    this.#directory = mkdtempSync(join(tmpdir(), 'fake-libvirtd-'))
    this.#path = join(this.#directory, 's')
    this.uri = `qemu+unix:///system?socket=${this.#path}`
    this.answer(authList, (w) => w.array([0], (n) => w.int(n)))
    this.answer(connectOpen, () => {})
    this.answer(supportsFeature, (w) => w.int(1))
    this.answer(registerEvent, (w) => w.int(0))
  }

  answer(procedure: { readonly number: number }, answer: Answer): void {
    this.#answers.set(procedure.number, answer)
  }

  /** What was prepared for it. */
  answerOf(procedure: { readonly number: number }): Answer {
    return this.#answers.get(procedure.number) ?? null
  }

  listen(): Promise<void> {
    this.#server = createServer((socket) => this.#serve(socket))
    return new Promise((resolve) => this.#server.listen(this.#path, resolve))
  }

  /** As if it were killed. */
  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  send(bytes: Uint8Array): void {
    for (const socket of this.sockets) socket.write(bytes)
  }

  message(procedure: number, payload: Uint8Array, program: number = remoteProgram): void {
    const header = {
      program,
      version: 1,
      procedure,
      type: packetType.message,
      serial: 0,
      status: packetStatus.ok,
    }
    this.send(encodePacket(header, payload))
  }

  ping(): void {
    this.message(1, new Uint8Array(0), keepaliveProgram)
  }

  #serve(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.sockets.delete(socket))
    const packets = new PacketReader()
    socket.on('data', (chunk: Buffer) => {
      for (const packet of packets.push(chunk)) this.#packet(socket, packet)
    })
  }

  #packet(socket: Socket, packet: Packet): void {
    const { header } = packet
    if (header.program === keepaliveProgram) {
      if (header.procedure === 2) this.pongs += 1
      else this.pings += 1
      if (header.procedure === 1 && this.answersPings) this.message(2, new Uint8Array(0), keepaliveProgram)
      return
    }
    this.called.push(header.procedure)
    const answer = this.#answers.get(header.procedure) ?? null
    if (answer === null) return
    const writer = new XdrWriter()
    let status: number = packetStatus.ok
    if (typeof answer === 'function') answer(writer, packet)
    else {
      status = packetStatus.error
      writer.int(answer.error)
      writer.int(0)
      writer.optional(answer.message, (text) => writer.string(text))
    }
    socket.write(encodePacket({ ...header, type: packetType.reply, status }, writer.done()))
  }
}
