// The swarm's own machinery, and a few of its seeds. `npm run swarm` plays as many as you like.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseStory } from '../../packages/sim/src/story/index.ts'
import { allKinds, drawSchedule, sizeOfSeed } from './draw.ts'
import { noOutcome } from './no-outcome.ts'
import { readOptions, seedsOf, UsageError } from './options.ts'
import { type Outcome, playSchedule } from './play.ts'
import { commandsOf, type Schedule } from './schedule.ts'
import { shrink, smallest } from './shrink.ts'

const quietKinds = ['steps', 'flash crowds']

test('a seed draws the same schedule every time, in order of time, and other seeds draw others', () => {
  for (const seed of [1, 2, 3]) {
    const schedule = drawSchedule({ seed })
    assert.deepEqual(drawSchedule({ seed }), schedule)
    const times = [...schedule.events, ...schedule.ending].map(({ atMs }) => atMs)
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
    assert.notDeepEqual(drawSchedule({ seed: seed + 100 }).events, schedule.events)
  }
})

test('every kind of fault is drawn by some of 200 seeds, no two that exclude each other, and clusters of all sizes', () => {
  const schedules = Array.from({ length: 200 }, (_, seed) => drawSchedule({ seed }))
  const drawn = new Set(schedules.flatMap(({ kinds }) => kinds))
  assert.deepEqual(
    allKinds.map(({ name }) => name).filter((name) => !drawn.has(name)),
    [],
  )
  for (const { kinds } of schedules)
    for (const { name, not = [] } of allKinds)
      if (kinds.includes(name)) assert.ok(!kinds.some((other) => not.includes(other)), kinds.join(' '))
  assert.ok(schedules.some(({ hosts }) => hosts === 2) && schedules.some(({ hosts }) => hosts > 40))
})

test('taking a kind of fault away shifts none of what the others draw', () => {
  const { kinds, events } = drawSchedule({ seed: 7 })
  const without = kinds.filter((kind) => kind !== 'orders')
  const rest = drawSchedule({ seed: 7, kinds: without }).events
  assert.deepEqual(
    rest,
    events.filter(({ command }) => rest.some((one) => one.command === command)),
  )
})

test('a seed played twice gives the same trace, and keeps every promise', async () => {
  const schedule = drawSchedule({ seed: 8, kinds: quietKinds })
  const [first, second] = [await playSchedule(schedule), await playSchedule(schedule)]
  assert.equal(first.traceHash, second.traceHash)
  assert.deepEqual(first.violations, [])
  const other = await playSchedule(drawSchedule({ seed: 5, kinds: quietKinds }))
  assert.notEqual(other.traceHash, first.traceHash)
})

test('what is wanted on the command line is read, and what is wrong is said', () => {
  const options = readOptions(['--seeds', '3', '--seed', '10', '--size', 'small', '--kinds', 'cuts,weather'])
  assert.ok(options !== null)
  assert.deepEqual(
    [options.seeds, options.seed, options.fresh, options.drawn.kinds],
    [3, 10, false, ['cuts', 'weather']],
  )
  const seeds = seedsOf(options, sizeOfSeed)
  assert.equal(seeds.length, 3)
  assert.ok(seeds.every((seed) => drawSchedule({ seed }).hosts <= 5))
  assert.equal(readOptions(['--help']), null)
  for (const wrong of [
    ['--seeds', 'x'],
    ['--size', 'huge'],
    ['--kinds', 'rain'],
    ['--jobs', '0'],
    ['--nonsense'],
  ])
    assert.throws(() => readOptions(wrong), UsageError)
})

test('delta debugging keeps what is needed, alone', async () => {
  const items = Array.from({ length: 40 }, (_, i) => i)
  const needed = [3, 17, 31]
  let asked = 0
  const fails = async (some: readonly number[]) => {
    asked += 1
    return needed.every((one) => some.includes(one))
  }
  assert.deepEqual(await smallest(items, fails), needed)
  assert.ok(asked < 200, `${asked} questions`)
  assert.deepEqual(await smallest(items, async () => null), items, 'enough was tried')
})

test('a failure is shrunk to the commands that it needs, as a story that can be read', async () => {
  const schedule = drawSchedule({ seed: 11 })
  const guilty = schedule.events[5]?.command ?? ''
  const outcomeOf = ({ seed, hosts, kinds, events }: Schedule): Outcome => ({
    seed,
    hosts,
    kinds,
    violations: events.some(({ command }) => command === guilty)
      ? [{ invariant: 'S1', atMs: 250_000, text: 'twice' }]
      : [],
    ...noOutcome,
  })
  const play = async (some: Schedule) => outcomeOf(some)
  const small = await shrink(schedule, await play(schedule), { play, playsMax: 500 })
  assert.deepEqual(
    small.events.map(({ command }) => command),
    [guilty],
  )
  assert.equal(small.endMs, 250_001)
  const commands = commandsOf(small)
  assert.ok(commands.length < 6, commands.join('\n'))
  assert.equal(commands[0], schedule.setup[0])
  assert.equal(parseStory(commands.map((one) => `${one}\n----\n`).join('\n')).length, commands.length)
})

test('what is broken at rest is shrunk to a story that comes to rest: it keeps its ending', async () => {
  const schedule = drawSchedule({ seed: 11 })
  const play = async ({ seed, hosts, kinds }: Schedule): Promise<Outcome> => ({
    seed,
    hosts,
    kinds,
    violations: [{ invariant: 'S2', atMs: schedule.endMs + 1, text: 'on its way' }],
    ...noOutcome,
  })
  const small = await shrink(schedule, await play(schedule), { play, playsMax: 500 })
  assert.deepEqual([small.events, small.setup.length], [[], 1])
  assert.deepEqual(small.ending, schedule.ending)
})
