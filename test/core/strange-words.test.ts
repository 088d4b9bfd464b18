/**
 * One agent says anything: each field of each message that it sends may be whatever the wire lets through, drawn from the schemas'
 * own arbitrary values (`hostile-peer.test.ts` has lies that are nearly true). Its partners may do worse work for it. But no
 * assertion of theirs fails, and nothing that they say to a third agent cannot be read.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isLong } from '../../packages/placement/src/testing/effort.ts'
import {
  type Command,
  decodeMessage,
  encodeMessage,
  type Message,
} from '../../packages/protocol/src/index.ts'
import { arbitraryOfKind } from '../../packages/protocol/src/wire/arbitrary.ts'
import { virtualCluster } from '../../packages/sim/src/story/virtual-cluster.ts'

const seeds = isLong ? 400 : 25

/** A generator of lots that is the same on every machine (mulberry32). */
const lotsOf = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor(((t ^ (t >>> 14)) >>> 0) % below)
  }
}

/** Some fields of the message, at any depth, become those of an arbitrary message of its kind. */
const lieAbout = (message: Message, lots: (below: number) => number): Message => {
  if (lots(10) < 6) return message
  const other = fc.sample(arbitraryOfKind[message.kind] as fc.Arbitrary<Message>, {
    seed: lots(2 ** 30),
    numRuns: 1,
  })[0]!
  const mixed = (mine: unknown, theirs: unknown): unknown => {
    if (lots(4) === 0) return theirs
    if (Array.isArray(mine) && Array.isArray(theirs)) return lots(3) === 0 ? [...mine, ...mine] : mine
    const whole = (value: unknown): value is Record<string, unknown> =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
    if (!whole(mine) || !whole(theirs)) return mine
    return Object.fromEntries(
      Object.keys(mine).map((key) => [key, key in theirs ? mixed(mine[key], theirs[key]) : mine[key]]),
    )
  }
  const keep = { kind: message.kind, incarnation: message.incarnation }
  const lie = { ...(mixed(message, other) as Message), ...keep } as Message
  // What the wire does not let through is another test's subject.
  return decodeMessage(encodeMessage(lie)) === null ? message : lie
}

const commands: readonly Command[] = [
  { kind: 'drain', onBlocker: 'skip', dryRun: false },
  { kind: 'undrain' },
  { kind: 'plan' },
  { kind: 'mode', mode: 'observe' },
  { kind: 'mode', mode: 'auto' },
]

test('whatever one agent says, no assertion fails in the cores of the others', async () => {
  const said = new Set<string>()
  let lies = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const lots = lotsOf(seed)
    const cluster = await virtualCluster({ hosts: 3, seed })
    for (let i = 0; i < 7; i++)
      cluster.vm(`v${i}`, i % 3, 500 + lots(2_500), { memoryMiB: 256 + lots(1_024), dirtyMiBps: lots(40) })
    cluster.lies(lots(3), (message) => {
      const lie = lieAbout(message, lots)
      said.add(message.kind)
      if (lie !== message) lies += 1
      return lie
    })
    try {
      await cluster.run(3_000)
      for (let step = 0; step < 8; step++) {
        const vm = cluster.world.vms()[lots(7)]!.vm
        if (lots(2) === 0) cluster.world.setCpu(vm, 500 + lots(7_500))
        else cluster.tell(lots(3), commands[lots(commands.length)]!)
        await cluster.run(500 + lots(6_000))
      }
      await cluster.run(20_000)
    } catch (error) {
      throw new Error(`seed ${seed}: ${error}`, { cause: error })
    }
  }
  assert.ok(lies > 10 * seeds, `${lies} lies`)
  for (const kind of ['granted', 'reserve', 'assign', 'admit', 'admitted', 'hand-over', 'ended'])
    assert.ok(said.has(kind), `no ${kind} was said`)
})
