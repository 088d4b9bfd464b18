/** Records and decisions for the tests of journals and agents. */
import type {
  ActionId,
  ClosedAction,
  Decision,
  Duty,
  HostId,
  JournalRecord,
  OpenMigration,
  PartitionId,
  VmId,
} from '@drover/protocol'

export const host = (name: string): HostId => name as HostId
export const vmId = (name: string): VmId => name as VmId
export const partition = (n: number): PartitionId => `a.1.${n}` as PartitionId
export const action = (n: number): ActionId => `${partition(n)}/0` as ActionId

export const openAction = (n: number, kind: OpenMigration['kind'] = 'departure'): OpenMigration => ({
  kind,
  action: action(n),
  partition: partition(n),
  epoch: n,
  peerEpoch: 0,
  vm: vmId(`vm-${n}`),
  name: `web${n}`,
  peer: host('b'),
  peerUri: 'sim://b',
  demand: { cpuMilli: 100, memoryMiB: 256 },
  paused: true,
})

export const opened = (n: number): JournalRecord => ({ kind: 'opened', open: openAction(n) })
export const closedAction = (n: number, end: ClosedAction['end'] = 'departure'): ClosedAction => ({
  action: action(n),
  vm: vmId(`vm-${n}`),
  end,
  result: { kind: 'done' },
  peer: host('b'),
})
export const closed = (
  n: number,
  end: ClosedAction['end'] = 'departure',
  owed: Duty | null = null,
): JournalRecord => ({
  kind: 'closed',
  duty: owed,
  ...closedAction(n, end),
})
/** What is still to be said to `b` about action n. */
export const duty = (n: number): Duty => {
  const { partition: of, vm, peer, demand } = openAction(n)
  return { action: action(n), partition: of, epoch: n, vm, peer, word: 'hand-over', demand }
}

export const decision = (n: number, changes: Partial<Decision> = {}): Decision => ({
  id: partition(n),
  leader: host('a'),
  leaderName: 'alpha',
  reason: 'overload.cpu',
  need: 'demand 0.62 cores of 0.5 cores usable, for 1.2 s',
  mode: 'auto',
  members: [host('a'), host('b')],
  candidates: [],
  stayed: [{ vm: vmId('vm-still'), name: 'still', code: 'dev.hostdev' }],
  actions: [
    {
      action: {
        kind: 'migrate',
        id: action(n),
        vm: vmId(`vm-${n}`),
        after: [],
        from: host('a'),
        to: host('b'),
      },
      vmName: `web${n}`,
      demand: { cpuMilli: 100, memoryMiB: 256 },
      result: { kind: 'done' },
    },
  ],
  hosts: [],
  result: 'cured',
  code: null,
  text: 'moved web to beta',
  detectedAt: 1_000,
  reservedMs: 3,
  solvedMs: 5,
  detectToStartMs: 9,
  endedMs: 900,
  asMember: false,
  ...changes,
})
