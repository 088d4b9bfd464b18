/**
 * A peer has the cluster key and says what it likes: old words again, words of others, and words with a field that is not
 * true. What comes of the VMs is not asked here; but no assertion of the other agents may depend on what a peer says, so
 * all of them go on. Replay one with `DROVER_SEED=n node --test test/core/hostile-peer.test.ts`.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLong } from '../../packages/placement/src/testing/effort.ts'
import { asVmId, decodeMessage, encodeMessage, type Message } from '../../packages/protocol/src/index.ts'
import { type Random, randomOf } from '../../packages/sim/src/random.ts'
import type { Cluster } from '../kit/cluster.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

const only = process.env['DROVER_SEED']
const first = Number(process.env['DROVER_SEED_FIRST'] ?? 1)
const seeds =
  only === undefined
    ? Array.from({ length: Number(process.env['DROVER_SEEDS'] ?? (isLong ? 60 : 5)) }, (_, i) => first + i)
    : [Number(only)]

type Fields = Record<string, unknown>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Every value that has been said, by the name of its field: what a liar can say that others take for possible. */
const collect = (pool: Map<string, unknown[]>, name: string, value: unknown): void => {
  if (Array.isArray(value)) for (const one of value) collect(pool, name, one)
  else if (isFields(value)) for (const [key, one] of Object.entries(value)) collect(pool, key, one)
  const said = pool.get(name) ?? []
  pool.set(name, said)
  if (said.length < 50) said.push(value)
  else said[said.length % 50] = value
}

/** Another value of that field: one that was said elsewhere, or one beside the truth. */
const otherThan = (
  draw: Random,
  pool: ReadonlyMap<string, readonly unknown[]>,
  name: string,
  value: unknown,
): unknown => {
  const said = pool.get(name) ?? []
  if (said.length > 0 && draw.chance(0.5)) return draw.pick(said)
  if (typeof value === 'number')
    return draw.pick([0, 1, value + 1, Math.max(0, value - 1), 1_000_000, Number.MAX_SAFE_INTEGER])
  if (typeof value === 'boolean') return !value
  if (typeof value === 'string') return draw.pick([`${value}x`, 'x', 'constructor', '__proto__'])
  if (Array.isArray(value)) return draw.pick([[], [...value, ...value], value.slice(1), [...value].reverse()])
  return value
}

/** The same with one field changed, at any depth. */
const changed = (
  draw: Random,
  pool: ReadonlyMap<string, readonly unknown[]>,
  name: string,
  value: unknown,
): unknown => {
  const deeper = draw.chance(0.7)
  if (deeper && Array.isArray(value) && value.length > 0) {
    const at = draw.integer(0, value.length - 1)
    return value.map((one, i) => (i === at ? changed(draw, pool, name, one) : one))
  }
  if (isFields(value) && (deeper || name === '')) {
    const keys = Object.keys(value).filter((key) => name !== '' || (key !== 'kind' && key !== 'incarnation'))
    if (keys.length === 0) return value
    const key = draw.pick(keys)
    return { ...value, [key]: changed(draw, pool, key, value[key]) }
  }
  return otherThan(draw, pool, name, value)
}

/** Decodes to what it is: the others hear it. */
const isHeard = (message: Message): boolean => {
  try {
    return decodeMessage(encodeMessage(message)) !== null
  } catch {
    return false
  }
}

const probes = new Set<Message['kind']>(['ping', 'ack', 'ping-req', 'suspect'])

/** How many lies of each kind were told, all seeds together: a liar that is not understood proves nothing. */
const told = new Map<Message['kind'], number>()

const lyingAs = (cluster: Cluster, draw: Random) => {
  const pool = new Map<string, unknown[]>()
  /** Messages that matter, newest last. */
  const heard: Message[] = []
  let collected = 0
  return (message: Message): Message => {
    for (const { message: said } of cluster.messages.slice(collected)) {
      collect(pool, '', said)
      if (!probes.has(said.kind)) heard.push(said)
    }
    collected = cluster.messages.length
    if (heard.length === 0 || draw.chance(0.6)) return message
    // Mostly instead of a probe, of which there are many: so the conversation goes on.
    const { incarnation } = message
    const old = heard.at(-draw.integer(1, Math.min(60, heard.length)))!
    const said = { ...(draw.chance(0.7) ? old : message), incarnation }
    const lie = (draw.chance(0.7) ? changed(draw, pool, '', said) : said) as Message
    if (!isHeard(lie)) return message
    told.set(lie.kind, (told.get(lie.kind) ?? 0) + 1)
    return lie
  }
}

const story = async (seed: number): Promise<void> => {
  const draw = randomOf(seed, 'hostile')
  const hosts = draw.integer(3, 5)
  const cluster = await virtualCluster({
    hosts,
    seed,
    policy: { cooldownMs: 0, migrationsOutMax: 2, migrationsInMax: 2 },
  })
  const vms = Array.from({ length: hosts * 5 }, (_, i) =>
    cluster.vm(`vm-${i}`, i % hosts, draw.integer(600, 1_500), { memoryMiB: draw.pick([256, 512]) }),
  )
  await cluster.run(3_000)
  cluster.weather.duplicate = draw.fraction() * 0.5
  cluster.weather.jitterMs = draw.integer(0, 300)
  const liars = draw.integer(1, 2)
  for (let liar = 0; liar < liars; liar++)
    cluster.lies(liar, lyingAs(cluster, randomOf(seed, `liar ${liar}`)))
  for (let event = 0; event < 15; event++) {
    const vm = draw.pick(vms)
    if (cluster.world.vm(vm).copies.length > 0) cluster.world.setCpu(asVmId(vm), draw.integer(200, 4_000))
    if (draw.chance(0.2))
      cluster.tell(
        draw.integer(0, hosts - 1),
        draw.pick([
          { kind: 'drain', onBlocker: 'skip', dryRun: false },
          { kind: 'undrain' },
          { kind: 'plan' },
        ]),
      )
    await cluster.run(draw.integer(500, 4_000))
  }
}

for (const seed of seeds)
  test(`no agent ends by what a peer says, seed ${seed}`, async () => {
    await story(seed)
  })

test('the liars were understood', () => {
  const few: readonly Message['kind'][] = ['reserve', 'granted', 'release', 'renew', 'assign']
  const many: readonly Message['kind'][] = [...few, 'begin', 'ended', 'admit', 'hand-over']
  const wanted = seeds.length < 5 ? [] : seeds.length < 20 ? few : many
  assert.deepEqual(
    wanted.filter((kind) => !told.has(kind)),
    [],
  )
})
