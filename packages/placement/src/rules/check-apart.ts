/**
 * Rules that keep VMs apart: spread, split, lonely. VMs of different *colours* must not be in the same *place*
 * (host or failure domain) at any one time.
 */
import type { HostId, VmId } from '../problem/ids.ts'
import { excused, type RuleViolation, type Stay, type Stays } from './stay.ts'

/** VM by VM: each has a colour of its own. */
export const eachItsOwn = (vms: readonly VmId[]) => [...new Set(vms)].map((vm, i) => [vm, i] as const)

/** The VMs of a part have its colour. */
export const eachItsPart = (parts: readonly (readonly VmId[])[]) =>
  parts.flatMap((part, colour) => part.map((vm) => [vm, colour] as const))

export const checkApart = (
  what: string,
  stays: Stays,
  members: Iterable<readonly [vm: VmId, colour: number]>,
  placeOf: (host: HostId) => string = (host) => host,
): RuleViolation[] => {
  const violations: RuleViolation[] = []
  const byPlace = new Map<string, Place>()
  for (const [vm, colour] of members) {
    for (const stay of stays.of(vm)) {
      const place = placeOf(stay.host)
      const there = byPlace.get(place) ?? { home: [], others: [] }
      const atHome = excused(stays, stay)
      // Two that are at home are excused: of a thousand VMs that stay, no two are compared.
      for (const other of atHome ? there.others : [...there.home, ...there.others]) {
        if (other.colour === colour || other.stay.vm === vm || !stays.overlap(stay, other.stay)) continue
        violations.push({
          code: 'rule.anti_affinity',
          vms: [other.stay.vm, vm],
          hosts: [other.stay.host, stay.host],
          text: `${what}: ${other.stay.vm} and ${vm} can be on ${place} together`,
        })
        if (stays.firstOnly) return violations
      }
      const list = atHome ? there.home : there.others
      list.push({ stay, colour })
      byPlace.set(place, there)
    }
  }
  return violations
}

interface Coloured {
  readonly stay: Stay
  readonly colour: number
}

/** The stays in one place: those of VMs that are where they were before the plan, as far as that excuses them, and all others. */
interface Place {
  readonly home: Coloured[]
  readonly others: Coloured[]
}
