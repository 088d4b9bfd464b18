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
import { textBytesMax } from './told-bounds.ts'

const versionText = (version: number | null): string =>
  version === null
    ? 'of an unknown version'
    : `${Math.floor(version / 1_000_000)}.${Math.floor(version / 1_000) % 1_000}.${version % 1_000}`

/** 0 = not believed. `nodeinfo` adds up NUMA cells, which misses memory that belongs to none; the memory statistics miss nothing. */
const memoryMiB = async (caller: Caller, nodeInfoKiB: number | null): Promise<number> => {
  const { count } = await caller.call(nodeMemory, { count: 0 })
  const { totalKiB } = await caller.call(nodeMemory, { count })
  return Math.floor((totalKiB ?? nodeInfoKiB ?? 0) / 1024)
}

/** Null: not believed. Then no other host counts as equal. */
const baselineOf = (xml: string | null): string | null => {
  try {
    const baseline = xml === null ? null : parseCpuBaseline(xml)
    return baseline !== null && Buffer.byteLength(baseline) <= textBytesMax.cpuModel ? baseline : null
  } catch {
    return null
  }
}

/** `migrationUri` null: derived from the host's name, unencrypted; '' when that is not known either. What is not believed of the capacity is 0. */
export const readHostFacts = async (caller: Caller, migrationUri: string | null): Promise<HostFacts> => {
  const [info, name, libvirt, qemu, xml] = await Promise.all([
    caller.call(nodeInfo, null),
    caller.call(hostname, null),
    caller.call(libvirtVersion, null),
    caller.call(hypervisorVersion, null),
    caller.call(capabilities, null),
  ])
  return {
    name: name ?? '',
    capacity: { cpuMilli: (info.cpus ?? 0) * 1000, memoryMiB: await memoryMiB(caller, info.memoryKiB) },
    cpuBaseline: baselineOf(xml) ?? `unknown/${name ?? ''}`,
    migrationUri: migrationUri ?? (name === null ? '' : `qemu+tcp://${name}/system`),
    version: `libvirt ${versionText(libvirt)}, QEMU ${versionText(qemu)}`,
  }
}
