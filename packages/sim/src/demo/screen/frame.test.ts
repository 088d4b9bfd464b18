// Pictures fit the terminal, whatever its size, and say the same without colour.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cluster } from '../../harness/cluster.ts'
import { smallWorld } from '../../testing/small-world.ts'
import { frameOf } from './frame.ts'
import { fit, paintOf, wantsColour, widthOf } from './paint.ts'

const pictured = async (width: number, height: number, colour: boolean): Promise<string[]> => {
  const small = smallWorld(12)
  for (let i = 1; i <= 12; i++) small.vm(`web-${i}`, `h${i}`, { vcpus: 8, cpuMilli: i * 700 })
  void small.driver('h12').migrate({
    vm: small.world.host('h12').vms[0]!,
    to: 'sim://h1',
    handOverPaused: true,
    bandwidthMiBps: null,
  })
  small.world.killHost('h3')
  await small.clock.advance(2_000)
  const cluster = {
    world: small.world,
    hosts: small.world.hosts().map((host) => host.name),
    usable: () => ({ cpuMilli: 7_000, memoryMiB: 30_000 }),
    views: () => [],
    nameOf: String,
  } as unknown as Cluster
  const log = Array.from({ length: 50 }, (_, i) => ({
    atMs: i * 100,
    tone: 'plain' as const,
    text: `event ${i} ${'long '.repeat(40)}`,
  }))
  const paint = paintOf(colour)
  const numbers = { nowMs: 5_000, seed: 1, overloads: 2, cured: 1, migrations: 3 }
  return frameOf({ cluster, paint, width, height, log, ...numbers })
}

test('no line is wider, and no picture higher, than the terminal', async () => {
  for (const [width, height] of [
    [20, 8],
    [60, 24],
    [80, 24],
    [125, 40],
    [300, 100],
  ] as const) {
    const lines = await pictured(width, height, true)
    assert.ok(lines.length <= height, `${lines.length} lines of ${height}`)
    for (const line of lines) assert.ok(widthOf(line) <= width, `${widthOf(line)} of ${width}: ${line}`)
  }
})

test('a migration, a dead host, an overload and the newest event are seen', async () => {
  const text = (await pictured(125, 40, false)).join('\n')
  assert.match(text, /web-12 ▸ h1 \d+ %/)
  assert.match(text, /◂ web-12 from h12/)
  assert.match(text, /h3 +no power/)
  assert.match(text, /114 %/)
  assert.match(text, /event 49/)
  assert.ok(!text.includes('\x1b'), 'no escapes without colour')
})

test('NO_COLOR, a dumb terminal and a pipe get none', () => {
  assert.equal(wantsColour({}, true), true)
  assert.equal(wantsColour({ NO_COLOR: '1' }, true), false)
  assert.equal(wantsColour({ NO_COLOR: '' }, true), true)
  assert.equal(wantsColour({ TERM: 'dumb' }, true), false)
  assert.equal(wantsColour({}, false), false)
})

test('text is cut or filled to its width exactly', () => {
  assert.equal(fit('abcdef', 4), 'abc…')
  assert.equal(fit('ab', 4), 'ab  ')
  assert.equal(fit('ab', 0), '')
})
