/** What is read from the agent's status when Prometheus asks. */
import { alarmCodes, byText, dimensions } from '@drover/protocol'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { AgentStatus } from '../agent-port.ts'
import { droverVersion } from '../drover-version.ts'

/** Returns the function that fills them in from a status. */
export const createGauges = (registry: Registry): ((status: AgentStatus) => void) => {
  const registers = [registry]
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `drover_${name}`, help, labelNames, registers })
  /** The transport counts by itself: its totals are copied. */
  const total = (name: string, help: string, labelNames: string[] = []) => {
    const counter = new Counter({ name: `drover_${name}`, help, labelNames, registers })
    return (values: Readonly<Record<string, number>> | number) => {
      counter.reset()
      if (typeof values === 'number') counter.inc(values)
      else for (const [direction, value] of Object.entries(values)) counter.inc({ direction }, value)
    }
  }

  const build = gauge('build_info', 'Always 1; the labels say what runs here.', [
    'version',
    'node',
    'hypervisor',
  ])
  const up = gauge('up', '1 while the agent runs.')
  const able = gauge('able', '1 while this host takes part in partitions.')
  const trouble = gauge('trouble', '1 for each reason why it does not.', ['code'])
  const mode = gauge('mode', '1 for the mode this host is in.', ['mode'])
  const draining = gauge('draining', '1 while this host is being emptied.')
  const members = gauge('members', 'Hosts this one knows, by state.', ['state'])
  const peers = gauge('peers_connected', 'Agents this one has a connection to.')
  const load = gauge('host_load_ratio', 'What the VMs want, divided by what the host may give.', ['resource'])
  const vms = gauge('vms', 'Active VMs on this host.')
  const quarantined = gauge('quarantined_vms', 'VMs that stay for a while because their migration failed.')
  const inflight = gauge('moves_inflight', 'Migrations that are not settled yet.', ['direction'])
  const alarms = gauge('alarms', 'VMs that an operator has to look at, now, by code.', ['code'])
  const policy = gauge('policy_version_info', 'Always 1; the hash differs when policy or rules differ.', [
    'hash',
  ])
  const journalBytes = gauge('journal_bytes', 'Bytes of the journal on disk.')
  const journalHealthy = gauge('journal_healthy', '1 while the journal can be written.')
  const hypervisor = gauge('hypervisor_connected', '1 while the hypervisor answers.')
  const messages = total('messages_total', 'Messages between agents since the start.', ['direction'])
  const bytes = total('message_bytes_total', 'Bytes of them.', ['direction'])
  const garbage = total('garbage_total', 'Messages and summaries that could not be read.')
  const strangers = total('strangers_total', 'Peers that were refused.')
  const undelivered = total('undelivered_total', 'Messages that found no connection or a full queue.')

  return ({ view, transport, journal, ...status }) => {
    const flag = (value: boolean) => (value ? 1 : 0)
    build.reset()
    build.set(
      { version: droverVersion, node: process.version, hypervisor: status.hypervisor.version ?? 'unknown' },
      1,
    )
    up.set(1)
    able.set(flag(view.able))
    trouble.reset()
    for (const code of [...view.troubles].sort(byText)) trouble.set({ code }, 1)
    for (const one of ['observe', 'auto']) mode.set({ mode: one }, flag(view.mode === one))
    draining.set(flag(view.draining))
    for (const state of ['self', 'alive', 'suspect', 'dead'])
      members.set({ state }, view.members.filter((one) => one.state === state).length)
    peers.set(status.peersConnected)
    // Prometheus' word for "not known".
    const unknown = view.troubles.includes('demand.unknown') ? Number.NaN : 0
    for (const resource of dimensions)
      load.set(
        { resource },
        view.usable[resource] > 0 ? view.demand[resource] / view.usable[resource] + unknown : 0,
      )
    vms.set(view.vms.length)
    quarantined.set(view.vms.filter((vm) => vm.fixed === 'vm.quarantined').length)
    for (const direction of ['in', 'out'])
      inflight.set({ direction }, view.migrations.filter((one) => one.direction === direction).length)
    for (const code of alarmCodes) alarms.set({ code }, view.alarms.filter((one) => one.code === code).length)
    const own = view.members.find((one) => one.state === 'self')
    policy.reset()
    if (own !== undefined) policy.set({ hash: own.summary.policyHash }, 1)
    journalBytes.set(journal.bytes)
    journalHealthy.set(flag(journal.healthy))
    hypervisor.set(flag(status.hypervisor.connected))
    messages({ in: transport.messagesIn, out: transport.messagesOut })
    bytes({ in: transport.bytesIn, out: transport.bytesOut })
    garbage(transport.garbage)
    strangers(transport.strangers)
    undelivered(transport.undelivered)
  }
}
