/** An overload on real hypervisors, from the first sample above the mark to the guest that runs elsewhere. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../testbed/testbed.ts'
import { libvirtSuite, patienceMs, seconds } from './kit.ts'

const suite = libvirtSuite({ hosts: 3 })

suite.story(
  'a guest burns CPU until its host is overloaded; the agents cure it by live migration',
  { guests: { hot: 1, warm: 1, cool: 2 } },
  async ({ agent, agents, guest, placeOf, t }) => {
    // Two guests share hv1. One begins to want more than is left. hv1 sees that by its own measurement, asks hv2 or hv3 or
    // both, and one guest goes. It counts on all the time, and then nothing moves any more.
    const [hot, warm] = [guest('hot'), guest('warm')]
    await warm.console('load 40')
    await sleep(3_000)
    for (const one of agents)
      assert.equal((await one.status()).view.decisions.length, 0, 'nothing to decide yet')

    const began = performance.now()
    await hot.console('load 55')
    let overloadedAt: number | null = null
    const cured = await until('hv1 is cured', patienceMs, async () => {
      const { view } = await agent(1).status()
      if (view.overloadedSinceMs !== null) overloadedAt ??= performance.now() - view.overloadedSinceMs
      const decision = view.decisions.find((one) => one.reason === 'overload.cpu' && one.result === 'cured')
      return decision !== undefined && view.overloadedSinceMs === null ? decision : null
    })
    const over = performance.now()
    assert.equal(cured.actions.length, 1, JSON.stringify(cured))
    const places = [await placeOf(hot), await placeOf(warm)]
    assert.equal(places.filter((place) => place === 1).length, 1, 'one of the two has left hv1')

    // It lasts: three more samples and nothing new to do.
    const decided = (await agent(1).status()).view.decisions.length
    await sleep(4_000)
    assert.equal((await agent(1).status()).view.decisions.length, decided)
    assert.deepEqual([await placeOf(hot), await placeOf(warm)], places)

    const moved = places[0] === 1 ? warm : hot
    const migrated = agent(1)
      .log()
      .find((line) => line['result'] === 'done' && 'durationMs' in line)
    t.diagnostic(`command to overload seen: ${seconds((overloadedAt ?? began) - began)}`)
    t.diagnostic(
      `overload, first sample to cured: ${seconds(over - (overloadedAt ?? began))} (2 s of it hold time)`,
    )
    t.diagnostic(
      `detection to plan start: ${seconds(cured.detectToStartMs)}; reserved ${seconds(cured.reservedMs)}, solved ${seconds(cured.solvedMs)}`,
    )
    t.diagnostic(
      `migration: ${seconds(Number(migrated?.['durationMs']))}; partition of ${cured.members.length}`,
    )
    t.diagnostic(`longest pause of ${moved.name}: ${moved.pauseMsMax(began)} ms`)
  },
)
