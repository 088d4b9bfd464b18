/** The ports of an agent, seen from inside its process: what it says and asks leaves, and what it hears enters, only while the process runs. */
import type {
  Hypervisor,
  HypervisorEvent,
  Immediate,
  Solver,
  Transport,
  TransportHandlers,
} from '@drover/agent/runtime'
import type { Process } from './process.ts'

/** Asks when its process gets there, and hears the answer when its process runs. */
const asked = <T>(process: Process, ask: () => PromiseLike<T>): Promise<T> =>
  new Promise((resolve, reject) =>
    process.leave(() =>
      ask().then(
        (value) => process.enter(() => resolve(value)),
        (error: unknown) => process.enter(() => reject(error)),
      ),
    ),
  )

/** What the driver of a process believes of its connection is what it was told last. */
export const hypervisorWithin = (process: Process, inner: Immediate<Hypervisor>): Hypervisor => {
  const listeners = new Set<(event: HypervisorEvent) => void>()
  let connected = false
  inner.events((event) =>
    process.enter(() => {
      if (event.kind !== 'changed') connected = event.kind === 'connected'
      for (const listener of [...listeners]) listener(event)
    }),
  )
  const ask = <T>(call: () => PromiseLike<T>): Promise<T> => asked(process, call)
  return {
    driver: inner.driver,
    open: () => process.leave(() => inner.open()),
    get connected() {
      return connected
    },
    get trouble() {
      return inner.trouble
    },
    host: () => ask(() => inner.host()),
    sample: () => ask(() => inner.sample()),
    jobs: () => ask(() => inner.jobs()),
    locate: (vm, at) => ask(() => inner.locate(vm, at)),
    migrate: (request, onProgress) =>
      ask(() => inner.migrate(request, (progress) => process.enter(() => onProgress?.(progress)))),
    limit: (vm, bandwidthMiBps) => ask(() => inner.limit(vm, bandwidthMiBps)),
    abort: (vm) => ask(() => inner.abort(vm)),
    resume: (vm, at) => ask(() => inner.resume(vm, at)),
    setAutostart: (vm) => ask(() => inner.setAutostart(vm)),
    save: (vm) => ask(() => inner.save(vm)),
    restore: (vm) => ask(() => inner.restore(vm)),
    start: (vm) => ask(() => inner.start(vm)),
    shutdown: (vm) => ask(() => inner.shutdown(vm)),
    events(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close() {
      // Not held back: when a process ends its sockets are closed, whatever it was at.
      const closed = inner.close()
      return ask(() => closed)
    },
  }
}

const handlersWithin = (process: Process, inner: TransportHandlers): TransportHandlers => {
  /** What waits is read later: that it is garbage is then told by the agent only. */
  const read = (hear: () => boolean): boolean => {
    if (process.free) return hear()
    process.enter(() => void hear())
    return true
  }
  return {
    received: (from, bytes) => read(() => inner.received(from, bytes)),
    heard: (from, bytes) => read(() => inner.heard(from, bytes)),
    connected: (host) => process.enter(() => inner.connected(host)),
    disconnected: (host) => process.enter(() => inner.disconnected(host)),
    stranger: (name, why) => process.enter(() => inner.stranger(name, why)),
    silent: (name) => process.enter(() => inner.silent(name)),
  }
}

/** `inner` starts at once, as transports without sockets do. */
export const transportWithin = (process: Process, inner: Transport): Transport => ({
  ...inner,
  start: (handlers) => process.leave(() => void inner.start(handlersWithin(process, handlers))),
  send: (to, bytes) => process.leave(() => inner.send(to, bytes)),
  publish: (bytes) => process.leave(() => inner.publish(bytes)),
  introduce: (addresses) => process.leave(() => inner.introduce(addresses)),
  stop: () => asked(process, () => inner.stop()),
})

/** Its workers are threads of the same process. */
export const solverWithin = (process: Process, inner: Immediate<Solver>): Immediate<Solver> => ({
  ...inner,
  solve: (problem, planId, budgetMs) => asked(process, () => inner.solve(problem, planId, budgetMs)),
})
