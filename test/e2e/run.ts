/** What a fault may touch, and what the end of a run looks at. */
import type { VmId } from '../../packages/protocol/src/index.ts'
import type { World } from '../../packages/sim/src/hypervisor/world.ts'
import type { AgentProcess } from './agents/agent-process.ts'
import type { Proxies } from './network/proxies.ts'

export interface Run {
  /** 1 … the number of hosts; the host's name in the world is `h1` … */
  readonly hosts: readonly number[]
  readonly world: World
  readonly vms: readonly VmId[]
  readonly proxies: Proxies
  agent(host: number): AgentProcess
  /** Agents that stay dead until everything is healed. */
  readonly down: Set<number>
  /** VMs whose migration may hang and not heed an abort. */
  readonly deaf: Set<VmId>
  /** Calls it then, unless everything is healed by then. */
  later(ms: number, undo: () => void): void
  /** One line for people. */
  say(text: string): void
}

export const nameOf = (host: number): string => `h${host}`

/** VMs that run on that host: a copy that a migration left there paused wants nothing. */
export const vmsOn = ({ world }: Run, host: number): readonly VmId[] => {
  const name = nameOf(host)
  const runs = (vm: VmId): boolean =>
    world.vm(vm).copies.some((copy) => copy.host === name && copy.state === 'running')
  return world.host(name).vms.filter(runs)
}

/** The agent is started again, unless it is to stay dead. */
export const revive = (run: Run, host: number): void => {
  if (!run.down.has(host)) run.agent(host).start()
}
