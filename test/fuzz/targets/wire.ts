/** What another agent sends: the decoders, and an agent's core that gets what they let through. */
import { encode } from 'cborg'
import fc from 'fast-check'
import {
  asHostId,
  asVmId,
  createPeer,
  decodeMessage,
  decodeSummary,
  encodeMessage,
  encodeSummary,
  type Instant,
  type Message,
  type Peer,
  readMessage,
  readSummary,
  wireVersion,
} from '../../../packages/protocol/src/index.ts'
import { ordinaryHost, ordinaryVm } from '../../../packages/protocol/src/testing/observed-vm.ts'
import { peerInit } from '../../../packages/protocol/src/testing/peer-init.ts'
import { arbitraryOfKind, arbitrarySummary } from '../../../packages/protocol/src/wire/arbitrary.ts'
import type { Random } from '../../../packages/sim/src/random.ts'
import { mutatedBytes, mutatedTree, rawBytes } from '../mutate.ts'
import { asked, type Target, type Verdict } from '../target.ts'

/** Messages of each kind. */
const perKind = 60
const stepsPerLife = 500

const self = asHostId('a')
const others = ['b', 'c', 'd'].map(asHostId)

const description = { ...ordinaryHost, capacity: { cpuMilli: 8_000, memoryMiB: 16_384 } }

const begin = (): Peer => {
  const peer = createPeer(peerInit(self))
  const vms = [1, 2, 3].map((i) => ({ ...ordinaryVm, vm: asVmId(`v${i}`), name: `v${i}` }))
  peer.step(1_000 as Instant, { kind: 'hypervisor', connected: true })
  peer.step(1_000 as Instant, { kind: 'described', description })
  peer.step(1_100 as Instant, { kind: 'jobs', askedAt: 1_000 as Instant, outgoing: [], incoming: [] })
  for (const at of [1_200, 2_400]) peer.step(at as Instant, { kind: 'observed', askedAt: at as Instant, vms })
  return peer
}

/** A core is given what was decoded; a new one now and then, since it remembers. */
const createCore = () => {
  let peer = begin()
  let steps = 0
  return {
    tell(message: Message): void {
      if (++steps % stepsPerLife === 0) peer = begin()
      const from = others[steps % others.length] ?? self
      const at = (10_000 + (steps % stepsPerLife) * 20) as Instant
      // One and the same life of the sender: otherwise all but the first would be of an older one.
      peer.step(at, { kind: 'received', from, message: { ...message, incarnation: 1 } })
    },
  }
}

export const wireTarget = (): Target => {
  const messages = Object.values<fc.Arbitrary<Message>>(arbitraryOfKind).flatMap((one) =>
    fc.sample(one, { seed: 1, numRuns: perKind }),
  )
  const summaries = fc.sample(arbitrarySummary, { seed: 1, numRuns: perKind })
  const values: readonly unknown[] = [...messages, ...summaries]
  const encoded = [...messages.map(encodeMessage), ...summaries.map(encodeSummary)]
  const sealed = (value: unknown): Uint8Array => {
    try {
      return Buffer.concat([Uint8Array.of(wireVersion), encode(value)])
    } catch {
      return Uint8Array.of(wireVersion)
    }
  }
  const core = createCore()
  return {
    name: 'wire',
    bounds: asked,
    shortRuns: 20_000,
    input(random: Random): Uint8Array {
      const draw = random.fraction()
      if (draw < 0.05) return rawBytes(random, 200)
      if (draw < 0.15) return random.pick(encoded)
      if (draw < 0.5) return sealed(mutatedTree(random, random.pick(values)))
      return mutatedBytes(random, random.pick(encoded))
    },
    run(bytes): Verdict {
      const read = readMessage(bytes)
      readSummary(bytes)
      if (read === null || read.kind === 'not-understood') return null
      // What was let in can be said again, and is the same then.
      if (decodeMessage(encodeMessage(read)) === null) return 'a message that was read cannot be read again'
      core.tell(read)
      decodeSummary(bytes)
      return null
    },
  }
}
