/**
 * One agent without sockets, hypervisor driver and command line: the ports, and the code between them and the core. For
 * worlds that bring their own ports, and need not load libp2p.
 */
export * from './agent.ts'
export { type Clock, instantOf, monotonicClock } from './clock.ts'
export type { Settings } from './config/settings.ts'
export { droverVersion } from './drover-version.ts'
export { CodedError, stackOf, wordsOf } from './errors.ts'
export { decimalOf, wholeOf } from './given/decimal.ts'
export { parseGivenJson } from './given/json.ts'
export { printable, printableLines } from './given/printable.ts'
export { GivenError, givenBytes, readGiven, readGivenText } from './given/read-given.ts'
export * from './hypervisor/hypervisor-port.ts'
export type { Immediate } from './immediate.ts'
export * from './journal/journal-port.ts'
export {
  createJournalStore,
  createMemoryJournal,
  type JournalStore,
  type JournalStoreOptions,
} from './journal/memory.ts'
export { type Log, silentLog } from './log-port.ts'
export { defaultReserve } from './observation.ts'
export type { Poller, PollerInit } from './poller.ts'
export type { Solver } from './solve/solver.ts'
export { createOutbox, type Outbox } from './transport/outbox.ts'
export { createTally } from './transport/traffic-counters.ts'
export * from './transport/transport-port.ts'
