/**
 * A VM that starts with its host does so wherever it has moved (S3). libvirt does not carry that with a migration: the agent of the
 * destination sets it, whatever has died meanwhile.
 */
import assert from 'node:assert/strict'
import { type Guest, until } from '../testbed/testbed.ts'
import { libvirtSuite, patienceMs, type Story, seconds } from './kit.ts'
import { migrationUnderWay, runsOn, slow } from './under-way.ts'

const suite = libvirtSuite({ hosts: 2 })

const home = { hot: 1, warm: 1 } as const
const persistent = { persistent: true } as const
const setting = { guests: home, special: { hot: persistent, warm: persistent }, policy: slow }

/** As `virsh` tells it, of a host on which the guest is defined; null = it is not. */
const startsWith = async ({ bed }: Story, guest: Guest, index: number): Promise<boolean | null> => {
  const info = await bed
    .host(index)
    .virsh(['dominfo', guest.uuid])
    .catch(() => null)
  return info === null ? null : /Autostart: +enable/.test(info)
}

/** Both guests start with hv1, and its agent has seen it. One of them is on its way to hv2. */
const autostartingAndMoving = async (story: Story) => {
  for (const guest of Object.values(story.guests)) await story.bed.host(1).virsh(['autostart', guest.uuid])
  const moved = await migrationUnderWay(story)
  assert.equal(await startsWith(story, moved.moving, 1), true)
  return moved
}

const autostartsThere = async (story: Story, guest: Guest): Promise<void> => {
  const since = performance.now()
  await until(`${guest.name} starts with hv2`, patienceMs, async () =>
    (await startsWith(story, guest, 2)) === true ? true : null,
  )
  story.t.diagnostic(`set ${seconds(performance.now() - since)} after it ran there`)
  assert.equal(await startsWith(story, guest, 1), null, 'no definition is left')
  for (const agent of story.agents)
    if (agent.alive) assert.deepEqual((await agent.status()).view.alarms, [], agent.name)
}

const runsThere = (guest: Guest): Promise<true> =>
  until(`${guest.name} runs on hv2`, patienceMs, async () =>
    (await runsOn(guest)).join() === 'hv2' ? true : null,
  )

suite.story('nothing dies: the guest starts with the host to which it has moved', setting, async (story) => {
  const { moving } = await autostartingAndMoving(story)
  await runsThere(moving)
  await autostartsThere(story, moving)
  const other = Object.values(story.guests).find((one) => one !== moving)!
  assert.equal(await startsWith(story, other, 1), true, 'the other one stayed what it was')
})

suite.story(
  "kill -9 of the source's agent: the destination was told of it before the migration began",
  setting,
  async (story) => {
    const { moving } = await autostartingAndMoving(story)
    await story.agent(1).kill()
    await runsThere(moving)
    await autostartsThere(story, moving)
    await story.agent(1).start()
    await story.ring()
  },
)

suite.story("kill -9 of the destination's agent: its next life has it on record", setting, async (story) => {
  const { moving, to } = await autostartingAndMoving(story)
  await to.kill()
  await runsThere(moving)
  assert.equal(await startsWith(story, moving, 2), false, 'no one has set it yet')
  await to.start()
  await story.ring()
  await autostartsThere(story, moving)
})

suite.story(
  "kill -9 of the destination's agent, and its journal is lost: the source tells it",
  setting,
  async (story) => {
    const { moving, to } = await autostartingAndMoving(story)
    await to.kill()
    to.loseJournal()
    await runsThere(moving)
    await to.start()
    await until(`${moving.name} starts with hv2`, 3 * patienceMs, async () =>
      (await startsWith(story, moving, 2)) === true ? true : null,
    )
  },
)
