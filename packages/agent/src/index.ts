/**
 * The daemon of one host, and the parts it is made of.
 *
 * ```ts
 * const agent = createAgent({
 *   settings,
 *   hypervisor: libvirtHypervisor({ uri: settings.hypervisor.uri }),
 *   transport: libp2pTransport({ ...settings.network, privateKey, log }),
 *   journal: openJournal(settings.host.dataDir),
 *   solver: workerSolver(),
 *   log: createLog({ level: 'info' }),
 * })
 * await agent.start()
 * ```
 */
export { type LibvirtOptions, libvirtHypervisor } from './hypervisor/libvirt/index.ts'
export { type OpenJournalOptions, openJournal } from './journal/sqlite.ts'
export { createLog, type LogOptions } from './log.ts'
export { createMetrics, type Metrics, type MetricsOptions } from './metrics.ts'
export * from './runtime.ts'
export { inlineSolver } from './solve/inline.ts'
export { type WorkerSolverOptions, workerSolver } from './solve/worker-pool.ts'
export { hostIdOf, IdentityError, loadOrCreateIdentity, newIdentity } from './transport/identity.ts'
export { type Libp2pTransportInit, libp2pTransport } from './transport/libp2p.ts'
