/**
 * The daemon of one host, and the parts it is made of.
 *
 * ```ts
 * const agent = createAgent({
 *   settings,
 *   hypervisor: createLibvirtHypervisor({ uri: settings.hypervisor.uri }),
 *   transport: createLibp2pTransport({ ...settings.network, privateKey, log }),
 *   journal: openJournal(settings.host.dataDir),
 *   solver: createWorkerSolver(),
 *   log: createLog({ level: 'info' }),
 * })
 * await agent.start()
 * ```
 *
 * The story of one effect, file by file; a file imports only those that stand before it in `test/tidy/directions.ts`:
 *
 * 1. `cli/run-agent.ts` reads the settings (`config/load.ts`) and wires the ports: the hypervisor (`hypervisor/libvirt/index.ts`),
 *    the journal (`journal/sqlite.ts`), the transport (`transport/libp2p.ts`), the solver (`solve/worker-pool.ts`).
 * 2. `agent.ts` starts: the core is restored from the journal, and the transport joins the other agents.
 * 3. Inputs come from three sides. `poller.ts` samples the hypervisor, and `observation.ts` puts its answer into the core's
 *    terms; `inbound.ts` decodes what other agents send; `pending-commands.ts` holds what operators ask.
 * 4. `loop.ts` gives the core one input at a time, and `effects.ts` carries out what it answers, in order.
 * 5. `persist.ts` writes to the journal before anything is sent, and keeps what a full disk refuses.
 * 6. Long effects are only begun: messages (`outbound.ts`), migrations (`hypervisor-effects.ts`), problems (`solve/solver.ts`).
 *    Their ends come back as inputs.
 * 7. `event-log.ts` writes one line per decision and per migration, and `metrics.ts` counts.
 * 8. Operators ask through `api/routes.ts` on a unix socket (`api/server.ts`); `cli/main.ts` is `drover`.
 */
export { createLibvirtHypervisor, type LibvirtOptions } from './hypervisor/libvirt/index.ts'
export { type OpenJournalOptions, openJournal } from './journal/sqlite.ts'
export { createLog, type LogOptions } from './log.ts'
export { createMetrics, type Metrics, type MetricsOptions } from './metrics.ts'
export * from './runtime.ts'
export { createInlineSolver } from './solve/inline.ts'
export { createWorkerSolver, type WorkerSolverOptions } from './solve/worker-pool.ts'
export { createIdentity, hostIdOf, IdentityError, loadOrCreateIdentity } from './transport/identity.ts'
export { createLibp2pTransport, type Libp2pTransportInit } from './transport/libp2p.ts'
