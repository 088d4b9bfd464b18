/** What a peer says of a VM with which it has nothing to do: `liar hN hands-over NAME hM`, `liar hN receives NAME hM`. */
import { actionIdOf, type HostId, type Message, partitionIdOf, type VmId } from '@drover/protocol'

export type Claim = 'hands-over' | 'receives'

/**
 * In place of every other ping to that host it speaks of an action that never was, by which the VM has left here for that host, or is on its
 * way from there to here; and it answers questions accordingly.
 */
export const claims = (
  liar: HostId,
  claim: Claim,
  vm: VmId,
  victim: HostId,
): ((message: Message, to: HostId) => Message) => {
  let pings = 0
  const partition = partitionIdOf(liar, 1, 999_999)
  const invented = { partition, epoch: 1, action: actionIdOf(partition, 0), vm }
  const speaks = (message: Message): boolean => message.kind === 'ping' && pings++ % 2 === 0
  return (message, to) => {
    if (to !== victim) return message
    const { incarnation } = message
    const asked = message.kind === 'whereabouts' && message.vm === vm
    if (!asked && !speaks(message)) return message
    const about = asked ? message : { ...invented, round: 0 }
    const said = { incarnation, partition: about.partition, epoch: about.epoch, action: about.action, vm }
    const { round } = about
    if (claim === 'hands-over')
      return { kind: 'hand-over', ...said, round, demand: { cpuMilli: 1, memoryMiB: 1 }, autostart: false }
    return asked
      ? { kind: 'whereabouts', ...said, round, presence: 'incoming' }
      : { kind: 'where-is', ...said, round }
  }
}
