/** Generated placement problems. Deterministic by seed; nothing here is known to the solver. */
import { asHostId, asVmId, type HostId } from '../packages/placement/src/problem/ids.ts'
import type { ProblemVm } from '../packages/placement/src/problem/situation.ts'
import type { PlacementProblem } from '../packages/placement/src/rules/placement-problem.ts'
import type { PlacementRule } from '../packages/placement/src/rules/rule.ts'

/** mulberry32: small, fast, good enough for instances. */
export const random = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export interface PartitionShape {
  readonly hosts: number
  readonly vms: number
  /** Demand of the fuller dimension over all limits, in percent. */
  readonly loadPercent: number
  /** Spread rules on about half of the VMs, and on most of those also a fence or an among. */
  readonly rules: boolean
  /** `hot`: balanced, then the VMs of a few hosts grow. `random`: every VM somewhere at random. */
  readonly style: 'hot' | 'random'
  readonly seed: number
}

const pad = (n: number): string => String(n).padStart(5, '0')

export const partition = (shape: PartitionShape): PlacementProblem => {
  const next = random(shape.seed)
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  const limit = [16_000, 65_536]
  const vms = Array.from({ length: shape.vms }, () => ({
    cpu: int(200, 4000),
    memory: int(512, 16_384),
    host: 0,
  }))
  const total = [0, 0]
  for (const vm of vms) {
    total[0]! += vm.cpu
    total[1]! += vm.memory
  }
  const scaleBy = Math.min(
    (shape.loadPercent * limit[0]! * shape.hosts) / 100 / total[0]!,
    (shape.loadPercent * limit[1]! * shape.hosts) / 100 / total[1]!,
  )
  const load = Array.from({ length: shape.hosts }, () => [0, 0])
  vms.sort((a, b) => b.cpu + b.memory / 4 - a.cpu - a.memory / 4)
  for (const vm of vms) {
    vm.cpu = Math.max(1, Math.floor(vm.cpu * scaleBy))
    vm.memory = Math.max(1, Math.floor(vm.memory * scaleBy))
    if (shape.style === 'random') vm.host = int(0, shape.hosts - 1)
    else {
      const fullness = (h: number) =>
        Math.max((load[h]![0]! + vm.cpu) / limit[0]!, (load[h]![1]! + vm.memory) / limit[1]!)
      for (let h = 1; h < shape.hosts; h++) if (fullness(h) < fullness(vm.host)) vm.host = h
    }
    load[vm.host]![0]! += vm.cpu
    load[vm.host]![1]! += vm.memory
  }
  if (shape.style === 'hot') {
    // The VMs of one host in eight grow by half, those elsewhere shrink to keep the total.
    const hot = Math.max(1, Math.floor(shape.hosts / 8))
    for (const vm of vms) {
      if (vm.host < hot) vm.cpu = Math.floor(vm.cpu * 1.5)
      else vm.cpu = Math.max(1, Math.floor(vm.cpu * (1 - (0.5 * hot) / Math.max(1, shape.hosts - hot))))
    }
  }
  const rules: PlacementRule[] = []
  if (shape.rules) {
    const hostIds = Array.from({ length: shape.hosts }, (_, h) => asHostId(`h${pad(h)}`))
    // Racks for the amongs: no fewer than two, so that the rule says something.
    const rack = Math.min(4, Math.ceil(shape.hosts / 2))
    const racks = Array.from({ length: Math.ceil(shape.hosts / rack) }, (_, g) =>
      hostIds.slice(g * rack, (g + 1) * rack),
    )
    const order = vms.map((_, i) => i)
    for (let i = order.length - 1; i > 0; i--) {
      const j = int(0, i)
      ;[order[i], order[j]] = [order[j]!, order[i]!]
    }
    for (let i = 0; i + 4 < order.length / 2; ) {
      const size = int(2, Math.min(4, shape.hosts))
      const members = order.slice(i, i + size).map((v) => asVmId(`v${pad(v)}`))
      rules.push({ kind: 'spread', vms: members })
      const also = next()
      if (also < 0.4) {
        const hosts = hostIds.filter(() => next() < 0.7)
        if (hosts.length >= size) rules.push({ kind: 'fence', vms: members, hosts })
      } else if (also < 0.8 && size <= rack) rules.push({ kind: 'among', vms: members, parts: racks })
      i += size
    }
  }
  return {
    dimensions: ['cpuMilli', 'memoryMiB'],
    hosts: Array.from({ length: shape.hosts }, (_, h) => ({
      id: asHostId(`h${pad(h)}`),
      state: 'online' as const,
      limit,
      cpuBaseline: null,
      failureDomain: null,
    })),
    vms: vms.map((vm, i) => ({
      id: asVmId(`v${pad(i)}`),
      host: `h${pad(vm.host)}` as HostId,
      state: 'running' as const,
      wanted: 'running' as const,
      demand: [vm.cpu, vm.memory],
      memoryMiB: vm.memory,
      dirtyMiBps: 0,
      movable: true,
    })),
    rules,
    bandwidthMiBps: 100,
    migrationsOutMax: 2,
    migrationsInMax: 2,
  }
}

export interface DataCentreShape {
  readonly hosts: number
  readonly vmsPerHost: number
  /** Hosts whose VMs want more than there is. */
  readonly hot: number
  /** Hosts that are off; their VMs are ready to be started elsewhere. */
  readonly failed: number
  readonly spreads: number
  readonly amongs: number
  readonly seed: number
}

/** BtrPlace's TDSC'13 family: applications of 3 to 10 VMs, spread, each among one of groups of 250 hosts. */
export const dataCentre = (shape: DataCentreShape): PlacementProblem => {
  const next = random(shape.seed)
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  const groupSize = 250
  const hostId = (h: number) => asHostId(`h${pad(h)}`)
  const groups = Array.from({ length: Math.ceil(shape.hosts / groupSize) }, (_, g) =>
    Array.from({ length: Math.min(groupSize, shape.hosts - g * groupSize) }, (_, k) =>
      hostId(g * groupSize + k),
    ),
  )
  const load = Array.from({ length: shape.hosts }, () => [0, 0])
  const vms: ProblemVm[] = []
  const rules: PlacementRule[] = []
  const total = shape.hosts * shape.vmsPerHost
  for (let spreads = 0; vms.length < total; ) {
    const size = Math.min(total - vms.length, int(3, 10))
    const group = int(0, groups.length - 1)
    const members: ProblemVm[] = []
    const used = new Set<number>()
    for (let k = 0; k < size; k++) {
      const memory = 100 * int(1, 3)
      const cpu = int(5, 40)
      let host = -1
      for (let tries = 0; tries < 60 && host < 0; tries++) {
        const h = group * groupSize + int(0, groups[group]!.length - 1)
        if (!used.has(h) && load[h]![0]! + cpu <= 195 && load[h]![1]! + memory <= 1600) host = h
      }
      for (let tries = 0; host < 0 && tries < shape.hosts; tries++) {
        const h = int(0, shape.hosts - 1)
        if (!used.has(h) && load[h]![0]! + cpu <= 195 && load[h]![1]! + memory <= 1600) host = h
      }
      used.add(host)
      load[host]![0]! += cpu
      load[host]![1]! += memory
      const off = host < shape.failed
      members.push({
        id: asVmId(`v${pad(vms.length + k)}`),
        host: off ? null : hostId(host),
        state: off ? 'ready' : 'running',
        wanted: 'running',
        demand: [cpu, memory],
        memoryMiB: memory,
        dirtyMiBps: 0,
        movable: true,
      })
    }
    vms.push(...members)
    const ids = members.map((vm) => vm.id)
    if (spreads < shape.spreads) {
      spreads++
      rules.push({ kind: 'spread', vms: ids })
      const inside = [...used].every((h) => Math.floor(h / groupSize) === group)
      if (inside && rules.length - spreads < shape.amongs)
        rules.push({ kind: 'among', vms: ids, parts: groups })
    }
  }
  // The VMs of the hot hosts want more: as many as it takes.
  const heat = new Set(Array.from({ length: shape.hot }, () => int(shape.failed, shape.hosts - 1)))
  const hot = vms.map((vm): ProblemVm => {
    if (vm.host === null || !heat.has(Number(vm.host.slice(1)))) return vm
    return {
      ...vm,
      demand: [
        Math.min(150, Math.floor((vm.demand[0]! * 230) / load[Number(vm.host.slice(1))]![0]!)),
        vm.demand[1]!,
      ],
    }
  })
  return {
    dimensions: ['uCpu', 'memory'],
    hosts: Array.from({ length: shape.hosts }, (_, h) => ({
      id: hostId(h),
      state: h < shape.failed ? ('offline' as const) : ('online' as const),
      limit: [200, 1600],
      cpuBaseline: null,
      failureDomain: null,
    })),
    vms: hot,
    rules,
    bandwidthMiBps: 119,
    migrationsOutMax: 2,
    migrationsInMax: 2,
  }
}
