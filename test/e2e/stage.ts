/** Sets the stage of one run, inside the enclosure: the world and its socket, cables, proxies, disks, agents. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asVmId, type VmId } from '../../packages/protocol/src/index.ts'
import { createWorld, type World } from '../../packages/sim/src/hypervisor/world.ts'
import { randomOf } from '../../packages/sim/src/random.ts'
import { realClock } from '../../packages/sim/src/time/clock.ts'
import { serveWorld } from '../../packages/sim/src/wire/serve-world.ts'
import { agentConfig, apiSocketOf, keyFileOf, port } from './agents/agent-config.ts'
import { type AgentProcess, createAgentProcess } from './agents/agent-process.ts'
import { mountDisk } from './agents/disk.ts'
import { back, front, plugHosts } from './network/namespaces.ts'
import { createProxies } from './network/proxies.ts'
import type { Options } from './options.ts'
import { nameOf, type Run } from './run.ts'

export const capacity = { cpuMilli: 8_000, memoryMiB: 32_768 }
const vmsPerHost = 5
const vcpus = 4

export interface Stage {
  readonly run: Run
  readonly agents: readonly AgentProcess[]
  /** From now on nothing that was put off happens: all is healed at once. */
  stopFaults(): void
}

export interface StageInit {
  readonly options: Options
  /** Of the run: configurations, logs, sockets. */
  readonly directory: string
  readonly say: (text: string) => void
  readonly onFault: (text: string) => void
}

const fillWorld = (world: World, hosts: readonly number[], seed: number): readonly VmId[] => {
  const draw = randomOf(seed, 'e2e VMs')
  return hosts.flatMap((host) => {
    world.addHost({ name: nameOf(host), capacity })
    return Array.from({ length: vmsPerHost }, (_, i) => {
      const name = `vm-${host}-${i + 1}`
      const vm = asVmId(`00000000-0000-4000-8000-${String(host * 1_000 + i + 1).padStart(12, '0')}`)
      world.addVm({
        vm,
        name,
        host: nameOf(host),
        vcpus,
        memoryMiB: draw.pick([256, 512, 1_024]),
        cpuMilli: draw.integer(600, 1_300),
        dirtyMiBps: draw.integer(0, 20),
        autostart: true,
      })
      return vm
    })
  })
}

const createAgents = (init: StageInit, hosts: readonly number[], worldSocket: string) =>
  hosts.map((host) => {
    const { directory, say, onFault } = init
    const disk = mountDisk(join(directory, 'data', nameOf(host)))
    const config = join(directory, `${nameOf(host)}.toml`)
    writeFileSync(
      config,
      agentConfig({ host, hosts: hosts.length, directory, dataDir: disk.path, worldSocket }),
    )
    return createAgentProcess({
      host,
      config,
      logFile: join(directory, `${nameOf(host)}.log`),
      socket: apiSocketOf(directory, host),
      disk,
      onDeath: (_, how, excuse) =>
        excuse === null
          ? onFault(`the agent of ${nameOf(host)} ended by itself: ${how}`)
          : say(`the agent of ${nameOf(host)} ended (${how}): ${excuse}`),
    })
  })

/** Throws when the machine does not let it. No agent has been started yet. */
export const setStage = async (init: StageInit): Promise<Stage> => {
  const { options, directory, say, onFault } = init
  const hosts = Array.from({ length: options.agents }, (_, i) => i + 1)
  plugHosts(hosts.length)
  mkdirSync(join(directory, 'data'), { recursive: true })
  writeFileSync(keyFileOf(directory), randomBytes(32).toString('hex'), { mode: 0o600 })
  const clock = realClock()
  const world = createWorld({ clock })
  const vms = fillWorld(world, hosts, options.seed)
  const worldSocket = join(directory, 'world.sock')
  await serveWorld({ world, path: worldSocket, options: { callMs: 2 }, onFault })
  const proxies = await createProxies({ hosts: hosts.length, front, back, port })
  const agents = createAgents(init, hosts, worldSocket)
  const putOff = new Set<NodeJS.Timeout>()
  let healed = false
  return {
    agents,
    run: {
      hosts,
      world,
      vms,
      proxies,
      agent(host) {
        const agent = agents[host - 1]
        if (agent === undefined) throw new RangeError(`no agent of host ${host}`)
        return agent
      },
      down: new Set(),
      deaf: new Set(),
      later(ms, undo) {
        if (healed) return
        const timer = setTimeout(() => {
          putOff.delete(timer)
          undo()
        }, ms)
        putOff.add(timer)
      },
      say,
    },
    stopFaults() {
      healed = true
      for (const timer of putOff) clearTimeout(timer)
      putOff.clear()
    },
  }
}
