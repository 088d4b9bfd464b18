/** Agents, daemons and whole hosts that die: what they leave behind on real hypervisors. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../testbed/testbed.ts'
import { libvirtSuite, patienceMs, seconds } from './kit.ts'
import { migrationUnderWay, runsOn, sends, slow } from './under-way.ts'

const suite = libvirtSuite({ hosts: 3 })

const home = { hot: 1, warm: 1 } as const

suite.story(
  "kill -9 of the leader's agent during the migration: the guest arrives and runs, the restarted agent learns of it",
  { guests: home, policy: slow },
  async (story) => {
    // hv1 leads and sends. Its agent dies. libvirt goes on by itself; the copy arrives paused (R2), and the agent of
    // the destination, whose question no agent answers, asks hv1's libvirt and lets the guest run.
    const { agent, placeOf, ring, t } = story
    const { moving, to } = await migrationUnderWay(story)
    const killedAt = performance.now()
    await agent(1).kill()
    assert.ok(await sends(story, moving), 'the migration goes on without its agent')
    await until(`${moving.name} runs on ${to.name}`, patienceMs, async () =>
      (await runsOn(moving)).join() === to.name ? true : null,
    )
    await moving.ticks(10)
    assert.equal(await placeOf(moving), to.host.index)
    t.diagnostic(`killed to running elsewhere: ${seconds(performance.now() - killedAt)}`)
    t.diagnostic(`longest pause: ${moving.pauseMsMax(killedAt)} ms`)

    await agent(1).start()
    await ring()
    await until('hv1 has settled what it had begun', patienceMs, async () =>
      (await agent(1).status()).view.migrations.length === 0 ? true : null,
    )
    for (const guest of Object.values(story.guests)) await placeOf(guest)
    assert.equal(await placeOf(moving), to.host.index, 'it was not moved again')
  },
)

suite.story(
  'an agent that loses its life and its journal during its migration learns of it from libvirt before it grants anything',
  { guests: home, policy: ['bandwidth_mib_per_s = 5'] },
  async (story) => {
    // The restarted agent knows nothing of what it had begun but what its libvirt tells. An operator asks it for another
    // migration at once: that has to wait for the first, or is refused; no lease is given away meanwhile (S5). The
    // destination's agent does the rest.
    const { agent, placeOf, guests } = story
    const { moving, to } = await migrationUnderWay(story)
    await agent(1).kill()
    agent(1).loseJournal()
    await agent(1).start()
    assert.ok(await sends(story, moving), 'the migration takes longer than the restart')
    const other = Object.values(guests).find((one) => one !== moving)!
    const asked = agent(1).cli('migrate', other.uuid, '--to', 'auto')
    let looks = 0
    await until('the migration has ended', patienceMs, async () => {
      const { view } = await agent(1).status()
      // Asked after the agent: what still runs now did run then.
      if (!(await sends(story, moving))) return true
      looks += 1
      assert.equal(view.lease, null, 'no lease while a guest is on its way')
      assert.equal(view.leading, null)
      return null
    })
    assert.ok(looks > 0)
    await until(`${moving.name} runs on ${to.name}`, patienceMs, async () =>
      (await runsOn(moving)).join() === to.name ? true : null,
    )
    await asked
    await until('everything has ended', patienceMs, async () => {
      const { view } = await agent(1).status()
      return view.migrations.length === 0 && view.leading === null ? true : null
    })
    assert.equal(await placeOf(moving), to.host.index)
    await placeOf(other)
  },
)

suite.story(
  "kill -9 of the destination's agent during the migration: the source lets the guest run there",
  { guests: home, policy: slow },
  async (story) => {
    // The copy arrives paused (R2) on a host whose agent is dead. No agent there answers, so hv1's agent, which knows that
    // its own copy is gone, asks that host's libvirt to let it run. The agent comes back and has nothing left to do.
    const { agent, placeOf, ring, t } = story
    const { moving, to } = await migrationUnderWay(story)
    const killedAt = performance.now()
    await to.kill()
    await until(`${moving.name} runs on ${to.name}`, patienceMs, async () =>
      (await runsOn(moving)).join() === to.name ? true : null,
    )
    await moving.ticks(10)
    t.diagnostic(`longest pause: ${moving.pauseMsMax(killedAt)} ms`)
    await until('hv1 has ended its part', patienceMs, async () =>
      (await agent(1).status()).view.migrations.length === 0 ? true : null,
    )
    await to.start()
    await ring()
    await until(`${to.name} has ended its part`, patienceMs, async () => {
      const { view } = await to.status()
      return view.migrations.length === 0 && view.vms.some((one) => one.vm === moving.uuid) ? true : null
    })
    assert.equal(await placeOf(moving), to.host.index)
  },
)

suite.story(
  "the destination's libvirtd is killed during the migration: the guest runs once, and the action is settled",
  { guests: home, policy: slow },
  async (story) => {
    // hv1's libvirt loses its peer and gives up; hv1's agent looks, and finds the guest still here. The destination
    // says that its hypervisor is gone, so the next attempt goes to the third host.
    const { agent, placeOf, ring, t } = story
    const { motion, moving, to } = await migrationUnderWay(story)
    await sleep(1_000)
    assert.ok(await sends(story, moving))
    await to.host.killLibvirtd()
    const ended = await until('the decision has ended', patienceMs, async () => {
      const { view } = await agent(1).status()
      const id = motion.action.slice(0, motion.action.lastIndexOf('/'))
      const decision = view.decisions.find((one) => one.id === id)
      return decision !== undefined && decision.result !== 'running' ? decision : null
    })
    const result = ended.actions.find(({ action }) => action.id === motion.action)?.result
    assert.ok(result?.kind === 'refused' || result?.kind === 'unknown', JSON.stringify(ended))
    t.diagnostic(`ended ${result.kind}: ${JSON.stringify(result)}`)
    assert.deepEqual(await runsOn(moving), ['hv1'])
    await moving.ticks(5)
    await until('the survivors cure the overload with the third host', patienceMs * 2, async () => {
      const { view } = await agent(1).status()
      const over = view.overloadedSinceMs === null && view.migrations.length === 0 && view.vms.length === 1
      return over ? true : null
    })
    await to.host.startLibvirtd()
    await ring()
    // Its libvirtd finds what it had begun to receive, and that nothing more arrives.
    const tidying = performance.now()
    await until('nothing of the broken migration is left there', patienceMs, async () =>
      (await moving.where()).length === 1 ? true : null,
    )
    t.diagnostic(
      `the destination was tidy ${seconds(performance.now() - tidying)} after the ring was whole again`,
    )
    const places = await Promise.all(Object.values(story.guests).map(placeOf))
    assert.ok(!places.includes(to.host.index))
    for (const one of story.agents) assert.deepEqual((await one.status()).view.migrations, [])
  },
)

suite.story(
  'a host loses its power: the ring of the survivors heals, and they go on curing overloads',
  { guests: home },
  async ({ agent, agents, bed, guest, placeOf, ring, t }) => {
    // hv3 goes dark without a word. hv1 and hv2 see it dead, and when hv1 is overloaded they cure that between them.
    // When hv3 comes back, with the same identity, it is one of them again.
    const darkAt = performance.now()
    await bed.host(3).powerOff()
    const survivors = agents.slice(0, 2)
    await until('the survivors see hv3 dead', patienceMs, async () => {
      const all = await Promise.all(survivors.map((one) => one.status()))
      const states = all.map(({ view }) => view.members.find(({ summary }) => summary.name === 'hv3')?.state)
      return states.every((state) => state === 'dead' || state === undefined) ? true : null
    })
    t.diagnostic(`dead after ${seconds(performance.now() - darkAt)}`)
    await guest('warm').console('load 40')
    await guest('hot').console('load 55')
    const cured = await until('hv1 is cured', patienceMs, async () => {
      const { view } = await agent(1).status()
      return view.decisions.find((one) => one.result === 'cured') ?? null
    })
    assert.equal(cured.members.length, 2)
    assert.deepEqual([await placeOf(guest('hot')), await placeOf(guest('warm'))].sort(), [1, 2])
    await bed.host(3).boot()
    await agent(3).start()
    await ring()
  },
)
