/** S1, S2, S3: what must hold for the copies of one VM at any instant, and what must hold at rest. */
import type { MigrationEnd } from '../hypervisor/events.ts'
import type { CopyTruth, VmTruth } from '../hypervisor/truth.ts'
import type { Breach } from './findings.ts'

export const running = (copies: readonly CopyTruth[]): readonly CopyTruth[] =>
  copies.filter((c) => c.state === 'running')

/** `lastEnd` = how its last migration truly ended. */
export const breachesOf = (
  vm: VmTruth,
  moving: boolean,
  lastEnd: MigrationEnd | undefined,
): readonly Breach[] => {
  const breaches: Breach[] = []
  const on = running(vm.copies).map((c) => c.host)
  if (on.length > 1) breaches.push(['S1', `${vm.name} runs on ${on.join(' and ')}`])

  const kept = vm.copies.some((c) => {
    if (vm.wanted === 'managed') return c.state !== 'paused'
    if (vm.wanted === 'shut') return c.state === 'shut'
    return vm.wanted === c.state || c.lostWithHost || c.pausedBy === 'migration'
  })
  if (!kept) {
    const found = vm.copies.map((c) => `${c.state} on ${c.host}`).join(', ') || 'nowhere'
    breaches.push(['S2', `${vm.name} should be ${vm.wanted} and is ${found}`])
  }
  // A hypervisor that lost the end of a migration leaves two definitions, and only an operator may remove one.
  const settled = lastEnd !== 'grey' && lastEnd !== 'split'
  const defined = vm.copies.filter((c) => c.defined).map((c) => c.host)
  if (defined.length > 1 && !moving && settled)
    breaches.push(['S3', `${vm.name} is defined on ${defined.join(' and ')}`])
  return breaches
}

/** Once all faults are healed and nothing moves, every VM that should run does; null = this one is as it should be. */
export const breachAtRest = (
  { name, wanted, copies }: VmTruth,
  lastEnd: MigrationEnd | undefined,
): string | null => {
  if (wanted !== 'running' || copies.some((c) => c.lostWithHost)) return null
  // Two copies left by a hypervisor, none running: only an operator may choose between them.
  const undecided = copies.length > 1 && lastEnd === 'grey'
  if (running(copies).length > 0 || undecided) return null
  return `${name} is still not running: ${copies[0]?.state} on ${copies[0]?.host}`
}
