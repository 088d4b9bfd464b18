/**
 * What holds of the host whenever it was looked at, or a VM came or went, if this code is right. No sample, whatever it says, and
 * no message can break it: what cannot be is not believed (`belief.ts`).
 */
import { assert } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { Instant, VmId } from '../data/ids.ts'
import { mostMilli } from './belief.ts'
import type { HostState, KnownVm, VmMemory } from './host.ts'

const isAmount = (value: number): boolean => Number.isFinite(value) && value >= 0

/** Of one VM of this host. */
export const checkKnown = (known: KnownVm, now: Instant): void => {
  const { vm, name, state, demand, unseen, unmeasuredSince, wantedMilli, dirtyMiBps } = known
  assert(
    isAmount(demand.cpuMilli) && isAmount(demand.memoryMiB),
    () => `what ${name} wants is an amount, not ${JSON.stringify(demand)}`,
  )
  assert(
    dirtyMiBps === null || isAmount(dirtyMiBps),
    () => `what ${name} rewrites of its memory is an amount, not ${dirtyMiBps}`,
  )
  assert(
    unseen >= 0 && unseen <= limits.samplesInFlight,
    () => `${vm} stays for ${limits.samplesInFlight} samples that do not show it, not for ${unseen}`,
  )
  assert(
    unmeasuredSince === null || unmeasuredSince <= now,
    () => `${name} has not been measured since ${unmeasuredSince}, which is after ${now}`,
  )
  // Unknown is never zero (adr/011): a host that took it for nothing would promise what it does not have.
  if (state === 'running' && wantedMilli === null) {
    assert(unmeasuredSince !== null, () => `it is known that nothing is known of what ${name} wants`)
    assert(
      demand.memoryMiB === 0 || demand.cpuMilli >= mostMilli(known.vcpus),
      () => `${name}, of which nothing is known, counts with all its ${known.vcpus} vCPUs`,
    )
  }
}

/** What is remembered of a VM whose migration has failed, or that was moved. */
export const checkMemory = ({ failures, quarantinedUntil, restsUntil, movedFrom }: VmMemory): void => {
  assert(Number.isSafeInteger(failures) && failures >= 0, () => `failures are counted: ${failures}`)
  assert(isAmount(quarantinedUntil) && isAmount(restsUntil), 'a VM rests, and is left alone, until some time')
  assert(restsUntil === 0 || movedFrom !== null, 'a VM that rests has come from some host')
}

/** A VM has just come (`here`), or gone. */
export const checkChange = (host: HostState, vm: VmId, here: boolean): void => {
  assert(
    host.vms.has(vm) === here,
    () => `${vm} is ${here ? '' : 'not '}here: it has just ${here ? 'come' : 'gone'}`,
  )
  assert(
    host.left.has(vm) !== here,
    () => `${vm} has ${here ? 'not ' : ''}left: it has just ${here ? 'come' : 'gone'}`,
  )
  assert(host.steadyS === 0, () => `time without a change is in the histories before ${vm} comes or goes`)
  assert(
    host.demand === null && host.unmeasured === null,
    () => `what was added up is added up anew with ${vm}`,
  )
}

/** After a sample was taken in. `before`: the VMs before it; what is known of one that is as before was looked at then. */
export const checkSampled = (
  host: HostState,
  now: Instant,
  before: ReadonlyMap<VmId, KnownVm> = new Map(),
): void => {
  for (const [vm, known] of host.vms) {
    if (before.get(vm) === known) continue
    assert(known.vm === vm, () => `${vm} is known by its own id, not by that of ${known.vm}`)
    checkKnown(known, now)
  }
  for (const [vm, samples] of host.left) {
    assert(!host.vms.has(vm), () => `${vm} has left, and is not here at the same time`)
    assert(
      samples > 0 && samples <= limits.samplesInFlight,
      () => `${vm} has left, and ${samples} samples may still show it`,
    )
  }
}

/** Time and the sums over it go on only. */
export const checkWatched = (
  { sampledAt, watchedS, steadyS }: HostState,
  now: Instant,
  elapsedS: number,
): void => {
  assert(sampledAt === null || sampledAt <= now, () => `a sample at ${now} comes after that at ${sampledAt}`)
  assert(isAmount(elapsedS), () => `${elapsedS} s have passed since the last sample`)
  assert(
    steadyS >= 0 && steadyS <= watchedS,
    () => `of ${watchedS} s, ${steadyS} s are not in the histories yet`,
  )
}
