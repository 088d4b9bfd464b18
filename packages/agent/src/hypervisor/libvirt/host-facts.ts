/** What a daemon tells about its host. */
import type { HostFacts } from '../hypervisor-port.ts'
import { parseCpuBaseline } from './domain-xml.ts'
import type { Caller } from './observe.ts'
import {
  capabilities,
  hostname,
  hypervisorVersion,
  libvirtVersion,
  nodeInfo,
  nodeMemory,
} from './procedures.ts'

const versionText = (version: number): string =>
  `${Math.floor(version / 1_000_000)}.${Math.floor(version / 1_000) % 1_000}.${version % 1_000}`

/** `nodeinfo` adds up NUMA cells, which misses memory that belongs to none; the memory statistics miss nothing. */
const memoryMiB = async (caller: Caller, nodeInfoKiB: number): Promise<number> => {
  const { count } = await caller.call(nodeMemory, { count: 0 })
  const { names } = await caller.call(nodeMemory, { count })
  return Math.floor((names.get('total') ?? nodeInfoKiB) / 1024)
}

/** `migrationUri` null: derived from the host's name, unencrypted. */
export const readHostFacts = async (caller: Caller, migrationUri: string | null): Promise<HostFacts> => {
  const [info, name, libvirt, qemu, xml] = await Promise.all([
    caller.call(nodeInfo, null),
    caller.call(hostname, null),
    caller.call(libvirtVersion, null),
    caller.call(hypervisorVersion, null),
    caller.call(capabilities, null),
  ])
  return {
    name,
    capacity: { cpuMilli: info.cpus * 1000, memoryMiB: await memoryMiB(caller, info.memoryKiB) },
    cpuBaseline: parseCpuBaseline(xml),
    migrationUri: migrationUri ?? `qemu+tcp://${name}/system`,
    version: `libvirt ${versionText(libvirt)}, QEMU ${versionText(qemu)}`,
  }
}
