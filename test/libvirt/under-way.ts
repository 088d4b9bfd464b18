/** A migration that is under way on real hypervisors, for stories in which something dies meanwhile. */
import type { MigrationView } from '@drover/protocol'
import { type Guest, until } from '../testbed/testbed.ts'
import { type HostAgent, patienceMs, type Story } from './kit.ts'

/** Some ten seconds for a guest of 96 MiB: time enough to break something meanwhile. */
export const slow = ['bandwidth_mib_per_s = 8']

/** Overloads hv1 and waits until one of its guests is on its way. */
export const migrationUnderWay = async (
  story: Story,
): Promise<{ motion: MigrationView; moving: Guest; to: HostAgent }> => {
  const { agent, agents, guest } = story
  await guest('warm').console('load 40')
  await guest('hot').console('load 55')
  const motion = await until('a guest is on its way', patienceMs, async () => {
    const { view } = await agent(1).status()
    return view.migrations.find((one) => one.direction === 'out' && one.phase === 'moving') ?? null
  })
  const moving = Object.values(story.guests).find((one) => one.uuid === motion.vm)!
  await until(`libvirt sends ${moving.name}`, patienceMs, async () => (await sends(story, moving)) || null)
  const all = await Promise.all(agents.map(async (one) => [one, (await one.status()).view.host] as const))
  return { motion, moving, to: all.find(([, id]) => id === motion.peer)![0] }
}

/** Does hv1's libvirt still send this guest away? */
export const sends = async ({ bed }: Story, guest: Guest): Promise<boolean> => {
  const told = await bed
    .host(1)
    .virsh(['domjobinfo', guest.uuid])
    .catch(() => '')
  return /Operation: +Outgoing migration/.test(told)
}

export const runsOn = async (guest: Guest): Promise<readonly string[]> =>
  (await guest.where()).filter(({ state }) => state === 'running').map(({ host }) => host)
