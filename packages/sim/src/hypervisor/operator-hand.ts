/**
 * What an operator does about an alarm, as docs/operating.md says it: with virsh, and only where all hosts that have a copy of the VM
 * can be looked at. Simulated clusters and runs of real processes have the same operator.
 */
import type { AlarmView } from '@drover/protocol'
import type { World } from './world.ts'

/** What was done, in words; null = nothing, since it would not be safe, or there is nothing to do. `host`: whose agent raises it. */
export const answerAlarm = (
  world: World,
  host: string,
  { code, vm }: Pick<AlarmView, 'code' | 'vm'>,
): string | null => {
  const { name, copies } = world.vm(vm)
  const isMoving = world.migrations().some((one) => one.vm === vm)
  if (code === 'migration.unaccounted' && isMoving) {
    world.byHand.abort(vm)
    return `virsh domjobabort ${name}`
  }
  if (isMoving || copies.some((copy) => !world.host(copy.host).alive)) return null
  const runs = copies.filter(({ state }) => state === 'running').map((copy) => copy.host)
  if (code === 'vm.double' && runs.length > 1 && runs.includes(host)) {
    world.byHand.destroy(vm, host)
    return `${name} runs on ${runs.join(' and ')}: virsh destroy on ${host}`
  }
  if (code !== 'vm.paused_by_migration') return null
  if (copies.find((copy) => copy.host === host)?.state !== 'paused') return null
  const [running] = runs
  if (running !== undefined) {
    world.byHand.destroy(vm, host)
    return `${name} runs on ${running}: virsh destroy on ${host}`
  }
  for (const copy of copies) if (copy.host !== host) world.byHand.destroy(vm, copy.host)
  world.byHand.resume(vm, host)
  return `${name} runs nowhere: virsh resume on ${host}`
}
