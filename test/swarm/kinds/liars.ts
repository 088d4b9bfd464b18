/** Agents that say what a sound agent never says. Members and holders of leases look for themselves (S4, S7, S10). */
import { duration, type Kind, moment, times, twoHosts } from '../kind.ts'

/** Of the small sizes, in a plan's problem. */
const hostsMax = 8
const vmsMax = 24

/** So that no host has room for anything: an agent that carries out such a plan has not looked at it. */
const noRoom = Array.from({ length: hostsMax }, (_, i) => `problem.hosts.${i}.limit.0=1`).join(' ')

/** So that VMs of any host want next to nothing: the plan is sound, and not made from what its members have told. */
const noDemand = Array.from({ length: vmsMax }, (_, i) => `problem.vms.${i}.demand.0=1`).join(' ')

/** So that hosts are drained that are not: each plan would empty them. */
const drained = Array.from({ length: hostsMax }, (_, i) => `problem.hosts.${i}.state=draining`).join(' ')

/** So that VMs of any host are small. */
const noMemory = Array.from({ length: vmsMax }, (_, i) => `problem.vms.${i}.memoryMiB=1`).join(' ')

/** One at a time: it tells members of another problem than that which its plan was made for, ends leases of other leaders, or claims VMs. */
const liars: Kind = {
  name: 'liars',
  unsettled: true,
  chance: 0.2,
  events: (draw, draft) =>
    times(draw, draft, 4, () => {
      const [liar, victim] = twoHosts(draw, draft)
      const atMs = moment(draw, draft)
      const untilMs = Math.min(atMs + 2 * duration(draw), draft.untilMs - 1)
      const { name } = draw.pick(draft.vms)
      const lie = draw.pick([
        `assign ${noRoom}`,
        `assign ${noDemand}`,
        `assign ${noMemory}`,
        `assign ${drained}`,
        `usurps h${victim}`,
        `hands-over ${name} h${victim}`,
        `receives ${name} h${victim}`,
      ])
      return [
        { atMs, command: `liar h${liar} ${lie}` },
        { atMs: untilMs, command: `liar h${liar} nothing` },
      ]
    }),
}

export const liarKinds: readonly Kind[] = [liars]
