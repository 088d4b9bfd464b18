/** What a golden story can tell the simulated hypervisors: faults, slow daemons, wrong answers, and the owner's hand. */
import { asVmId } from '@drover/protocol'
import type { DaemonState } from '../hypervisor/events.ts'
import type { MigrationFault } from '../hypervisor/faults.ts'
import type { Misreading } from '../hypervisor/lies.ts'
import type { Phases } from '../hypervisor/migration.ts'
import { type Act, durationMs, jsonOf, vmOf } from './story-words.ts'

const daemonStates: readonly string[] = ['up', 'down', 'hung', 'stuck'] satisfies readonly DaemonState[]

const phaseNames = ['begin', 'prepare', 'finish', 'finished', 'confirm', 'notice', 'linger'] as const

/** `begin=100ms finish=2s`: what the phases of a migration take. */
const phasesOf = (set: ReadonlyMap<string, string>): Partial<Phases> =>
  Object.fromEntries(
    [...set].map(([name, time]) => {
      if (!phaseNames.some((known) => known === name))
        throw new Error(`no such phase: ${name} (${phaseNames.join(', ')})`)
      return [`${name}Ms`, durationMs(time)]
    }),
  )

const inVain = (why: string | null): readonly string[] => (why === null ? [] : [`in vain: ${why}`])

/** With a host: there, whatever may come of it. Without one: where the VM is active, if it is possible. */
const byOwner =
  (deed: 'pause' | 'resume' | 'start' | 'remove' | 'stop' | 'restart'): Act =>
  (cluster, [name, host]) => {
    const { byHand, owner } = cluster.world
    const vm = vmOf(cluster, name)
    if (host === undefined) return inVain(owner[deed](vm))
    if (deed === 'stop' || deed === 'restart') throw new Error(`no host is asked for: ${host}`)
    return byHand[deed === 'remove' ? 'destroy' : deed](vm, host)
  }

export const hypervisorActs: Readonly<Record<string, Act>> = {
  daemon(cluster, [host = '', state = '', time]) {
    if (state === 'slow') return cluster.world.slow(host, durationMs(time ?? ''))
    if (!daemonStates.includes(state)) throw new Error(`no such state: ${state}`)
    cluster.world.daemon(host, state as DaemonState)
  },
  phases: (cluster, _, set) => cluster.world.phases(phasesOf(set)),
  fault(cluster, json, set) {
    const fault = jsonOf<MigrationFault>(json.join(' '))
    const [vm, from, to, times] = [set.get('vm'), set.get('from'), set.get('to'), set.get('times')]
    cluster.world.fail({
      fault,
      ...(vm === undefined ? {} : { vm: asVmId(vm) }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(times === undefined ? {} : { times: Number(times) }),
    })
  },
  'clear-faults'(cluster) {
    cluster.world.clearFaults()
    cluster.world.clearLies()
  },
  misread(cluster, words, set) {
    const [vm] = words
    const number = (name: keyof Misreading, key: string) =>
      set.has(key) ? { [name]: Number(set.get(key)) } : {}
    const wrong: Misreading = {
      ...number('cpuMilli', 'cpu'),
      ...number('cpuTimes', 'times'),
      ...number('memoryMiB', 'memory'),
      ...(words.includes('missing') ? { missing: true } : {}),
    }
    const time = set.get('for')
    cluster.world.misread(vmOf(cluster, vm), wrong, time === undefined ? undefined : durationMs(time))
  },
  blind: (cluster, [host = '']) => cluster.world.blind(host),
  events(cluster, [host = '', telling]) {
    if (telling !== 'once' && telling !== 'twice' && telling !== 'never')
      throw new Error(`not a way to tell events: ${telling} (once, twice, never)`)
    cluster.world.telling(host, telling)
  },
  pause: byOwner('pause'),
  resume: byOwner('resume'),
  start: byOwner('start'),
  destroy: byOwner('remove'),
  // Its owner's doing, its guest's, or a crash: libvirt shows the same.
  stop: byOwner('stop'),
  restart: byOwner('restart'),
  autostart: (cluster, [vm, how]) => inVain(cluster.world.owner.autostart(vmOf(cluster, vm), how !== 'off')),
  move: (cluster, [vm, to = '']) => inVain(cluster.world.owner.move(vmOf(cluster, vm), to)),
  abort: (cluster, [vm]) => cluster.world.byHand.abort(vmOf(cluster, vm)),
}
