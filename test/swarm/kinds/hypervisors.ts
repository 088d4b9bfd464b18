/** Hypervisors hang, die and lie; migrations fail in every way; owners do what they like. */
import { type Kind, lasting, moment, someHost, times } from '../kind.ts'

const daemons: Kind = {
  name: 'daemons',
  chance: 0.5,
  events: (draw, draft) =>
    times(draw, draft, 5, () => {
      const host = someHost(draw, draft)
      return lasting(draw, draft, `daemon h${host} ${draw.pick(['down', 'hung'])}`, `daemon h${host} up`)
    }),
}

const faults = [
  '{"kind":"refuse"}',
  '{"kind":"abort","atPermille":500}',
  '{"kind":"hang","atPermille":300}',
  '{"kind":"hang","atPermille":700,"deaf":true}',
  '{"kind":"late","delayMs":3000}',
  '{"kind":"late","delayMs":20000}',
  '{"kind":"fail-after-success"}',
]
const greyFaults = ['{"kind":"grey","destination":"paused"}', '{"kind":"grey","destination":"gone"}']
const splitFault = '{"kind":"split"}'

/** As often as migrations begin: the cluster moves some ten VMs in ten minutes. */
const migrations: Kind = {
  name: 'migration faults',
  chance: 0.5,
  events(draw, draft) {
    // With the memory of a grey window lost, too, the VM is for the operator (R1: never a guess).
    const forgetful = draft.has('lost journals') || draft.has('torn journals')
    // A VM whose disk is locked runs at once: two run by the hypervisors' own doing when they lose each other (R2).
    const possible = [
      ...faults,
      ...(forgetful ? [] : greyFaults),
      ...(draft.has('locked disks') ? [] : [splitFault]),
    ]
    return times(draw, draft, 10, () => [
      { atMs: moment(draw, draft), command: `fault ${draw.pick(possible)}` },
    ])
  },
}

const lockedDisks: Kind = {
  name: 'locked disks',
  chance: 0.25,
  vm: (draw) => (draw.chance(0.4) ? ['locked=true'] : []),
}

/** Guests that rewrite memory: some faster than the link carries it. */
const dirtyMemory: Kind = {
  name: 'dirty memory',
  chance: 0.4,
  vm: (draw) => (draw.chance(0.5) ? [`dirty=${draw.pick([5, 20, 60, 110, 200, 1_000])}`] : []),
}

/** One wrong answer about a VM. */
const lies: Kind = {
  name: 'lying samples',
  chance: 0.3,
  events: (draw, draft) =>
    times(draw, draft, 6, () => {
      const { name } = draw.pick(draft.vms)
      const wrong = draw.pick(['cpu=0', 'cpu=60000', 'cpu=7900', 'memory=0', 'memory=30000'])
      return [{ atMs: moment(draw, draft), command: `misread ${name} ${wrong}` }]
    }),
}

export const hypervisorKinds: readonly Kind[] = [daemons, migrations, lockedDisks, dirtyMemory, lies]
