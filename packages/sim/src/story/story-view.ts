/** The output of `show`: what each host's agent says of itself, and what is true of the VMs. */
import type { PeerView, VmId } from '@drover/protocol'
import type { Cluster } from './cluster-api.ts'
import { short } from './story-lines.ts'

const copiesOf = (cluster: Cluster, vm: VmId): string =>
  cluster.world
    .vm(vm)
    .copies.map((copy) => {
      const paused = copy.state === 'paused' ? ` by ${copy.pausedBy ?? 'nobody'}` : ''
      return `${copy.state}${paused} on ${copy.host}${copy.lostWithHost ? ', lost with it' : ''}`
    })
    .join('; ') || 'nowhere'

export const show = (cluster: Cluster): readonly string[] => {
  const hosts = cluster.ids.map((_, host) => {
    let view: PeerView
    try {
      view = cluster.view(host)
    } catch {
      return `h${host} has no agent`
    }
    const said = [
      view.able ? view.mode : `unable (${view.troubles.join(', ')})`,
      ...(view.draining ? ['draining'] : []),
      `wants ${view.demand.cpuMilli} of ${view.usable.cpuMilli} mCPU`,
      ...(view.committedIn.cpuMilli > 0 ? [`promised ${view.committedIn.cpuMilli}`] : []),
      ...(view.lease === null ? [] : [`leased to ${view.lease.partition}`]),
      ...view.migrations.map(({ vm, direction, phase }) => `${vm} ${direction} ${phase}`),
      ...view.operations.map(({ vm, operation, phase }) => `${operation} ${vm} ${phase}`),
      ...view.duties.map(({ vm, word }) => `has to tell ${word} of ${vm}`),
      ...view.alarms.map(({ code, vm }) => `ALARM ${code} ${vm}`),
      ...view.warnings.map(({ code }) => `warned ${code}`),
      ...(view.forecastDoubt === 'forecast.together' ? [view.forecastDoubt] : []),
    ]
    return `h${host} ${said.join('; ')}`
  })
  const vms = cluster.world.vms().map(({ vm }) => `${vm} ${copiesOf(cluster, vm)}`)
  return [...hosts, ...vms].map(short)
}
