/** The output of `show` and `explain`: what an agent says of itself, of a VM or of a host; and what is true of the VMs. */
import { explain, findSubject, type VmId } from '@drover/protocol'
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
    const view = cluster.viewOf(host)
    if (view === null) return `h${host} has no agent`
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

/** What that agent answers to `drover explain`, in short: the verdict, what its newest decision says, which hosts could take a VM. */
export const explained = (cluster: Cluster, host: number, what: string): readonly string[] => {
  const view = cluster.view(host)
  const found = findSubject(view, view.decisions, what)
  if (found.kind !== 'found') return [`${found.kind}: ${what}`]
  const decisions = view.decisions.map((decision) => ({ atWallMs: null, decision }))
  const answer = explain(view, decisions, found.subject)
  if (answer === null || answer.kind === 'decision') return ['nothing']
  const { code, text } = answer.verdict
  const newest = answer.decisions[0]?.decision
  const of = answer.kind === 'vm' ? answer.candidates : (newest?.candidates ?? [])
  const stayed = (newest?.stayed ?? []).filter(({ name }) => answer.kind === 'host' || name === answer.name)
  return [
    `${code ?? 'nothing against it'}: ${text}`,
    ...stayed.map((one) => `in the newest decision ${one.name} stayed: ${one.code}`),
    ...of.map((one) => `${one.name} ${one.code ?? 'could'}: ${one.text}`),
  ].map(short)
}
