/** Hypervisors hang, die and lie; migrations fail in every way; owners do what they like. */
import { duration, isForgetful, type Kind, lasting, moment, someHost, times } from '../kind.ts'

const daemons: Kind = {
  name: 'daemons',
  chance: 0.5,
  events: (draw, draft) =>
    times(draw, draft, 5, () => {
      const host = someHost(draw, draft)
      return lasting(
        draw,
        draft,
        `daemon h${host} ${draw.pick(['down', 'hung', 'stuck'])}`,
        `daemon h${host} up`,
      )
    }),
}

/** Each call takes its time, and what changes something is read that late. */
const slowDaemons: Kind = {
  name: 'slow daemons',
  unsettled: true,
  chance: 0.3,
  events: (draw, draft) =>
    times(draw, draft, 3, () => {
      const host = someHost(draw, draft)
      const ms = draw.pick([50, 500, 2_000, 4_000])
      return lasting(draw, draft, `daemon h${host} slow ${ms}ms`, `daemon h${host} slow 0ms`)
    }),
}

/** A daemon loses its events, or tells them twice. */
const events: Kind = {
  name: 'lost events',
  unsettled: true,
  chance: 0.25,
  events: (draw, draft) =>
    times(draw, draft, 3, () => {
      const host = someHost(draw, draft)
      return lasting(draw, draft, `events h${host} ${draw.pick(['never', 'twice'])}`, `events h${host} once`)
    }),
}

const calls = ['resume', 'abort', 'migrate', 'setAutostart']

/** A busy daemon reads a request late, whether its sender still lives or not. */
const lateRequests: Kind = {
  name: 'late requests',
  unsettled: true,
  chance: 0.35,
  events: (draw, draft) =>
    times(draw, draft, 6, () => {
      const delayMs = draw.pick([200, 1_500, 6_000, 20_000])
      const fault = JSON.stringify({ kind: 'late', delayMs, call: draw.pick(calls) })
      return [{ atMs: moment(draw, draft), command: `fault ${fault}` }]
    }),
}

/** Phases of a migration take their time, and something dies in the middle of one. */
const phaseDeaths: Kind = {
  name: 'deaths in phases',
  unsettled: true,
  chance: 0.35,
  events(draw, draft) {
    const ms = (most: number): string => `${draw.integer(0, most)}ms`
    const slow = `phases begin=${ms(500)} prepare=${ms(1_000)} finish=${ms(2_000)} finished=${ms(1_000)} confirm=${ms(1_000)}`
    const hostsMayDie = draft.has('host deaths')
    const fault = (): string => {
      const phase = draw.pick(['begin', 'prepare', 'perform', 'finish', 'finished', 'confirm'])
      const backMs = draw.pick([500, 3_000, 10_000])
      const end = draw.pick(['source', 'destination'])
      const kind = draw.pick(['daemon-dies', 'link-dies', ...(hostsMayDie ? ['host-dies'] : [])])
      return JSON.stringify(kind === 'link-dies' ? { kind, phase, backMs } : { kind, end, phase, backMs })
    }
    return [
      { atMs: draft.fromMs, command: slow },
      ...times(draw, draft, 5, () => [{ atMs: moment(draw, draft), command: `fault ${fault()}` }]),
    ]
  },
}

/** Owners stop, pause, restart and destroy what is theirs, also on its way; and move it without asking. */
const owners: Kind = {
  name: 'owners',
  unsettled: true,
  chance: 0.35,
  events(draw, draft) {
    // A migration without a hand-over may leave two running by the hypervisors' own doing (R2).
    const fragile = draft.has('migration faults') || draft.has('deaths in phases') || draft.has('cuts')
    return times(draw, draft, 6, () => {
      const { name } = draw.pick(draft.vms)
      const atMs = moment(draw, draft)
      const backMs = Math.min(atMs + duration(draw), draft.untilMs - 1)
      switch (draw.integer(0, fragile ? 5 : 6)) {
        case 0:
        case 1:
          return [
            { atMs, command: `pause ${name}` },
            { atMs: backMs, command: `resume ${name}` },
          ]
        case 2:
          return [{ atMs, command: `stop ${name}` }]
        case 3:
          return [{ atMs, command: `restart ${name}` }]
        case 4:
          return [{ atMs, command: `destroy ${name}` }]
        case 5:
          return [{ atMs, command: `autostart ${name}${draw.chance(0.5) ? ' off' : ''}` }]
        default:
          return [{ atMs, command: `move ${name} h${someHost(draw, draft)}` }]
      }
    })
  },
}

/** New VMs are started by their owners. */
const newVms: Kind = {
  name: 'new VMs',
  unsettled: true,
  chance: 0.3,
  events: (draw, draft) =>
    Array.from({ length: draw.integer(1, 5) }, (_, i) => ({
      atMs: moment(draw, draft),
      command: `vm new-${i} h${someHost(draw, draft)} cpu=${draw.integer(300, 2_500)} memory=512`,
    })),
}

const faults = [
  '{"kind":"timeout","afterMs":2000}',
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
    const forgetful = isForgetful(draft)
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

/** Nothing leaves one host, or some VMs stay wherever they are: one failure after the other. */
const stubborn: Kind = {
  name: 'stubborn VMs',
  unsettled: true,
  chance: 0.25,
  events: (draw, draft) =>
    times(draw, draft, 3, () => {
      const host = someHost(draw, draft)
      const { name } = draw.pick(draft.vms)
      const which = draw.chance(0.5) ? `from=h${host}` : `vm=${name}`
      const what = draw.pick(['{"kind":"refuse"}', '{"kind":"abort","atPermille":300}'])
      const atMs = moment(draw, draft)
      return [
        { atMs, command: `fault ${what} ${which} times=${draw.integer(3, 8)}` },
        { atMs: atMs + 1, command: `overload h${host} ${draw.integer(8_300, 11_000)}` },
      ]
    }),
}

const lockedDisks: Kind = {
  name: 'locked disks',
  chance: 0.25,
  vm: (draw) => (draw.chance(0.4) ? ['locked=true'] : []),
}

/** VMs that start with their host. Those of a seed without it stay down when their host has lost its power. */
const starting: Kind = {
  name: 'autostart',
  chance: 0.8,
  vm: (draw) => (draw.chance(0.7) ? ['autostart=true'] : []),
}

/** Guests that rewrite memory: some faster than the link carries it. */
const dirtyMemory: Kind = {
  name: 'dirty memory',
  chance: 0.4,
  vm: (draw) => (draw.chance(0.5) ? [`dirty=${draw.pick([5, 20, 60, 110, 200, 1_000])}`] : []),
}

/** Wrong answers about a VM, once or for a while; a VM, or all of them, left out of a look. */
const lies: Kind = {
  name: 'lying samples',
  unsettled: true,
  chance: 0.35,
  events: (draw, draft) =>
    times(draw, draft, 6, () => {
      const atMs = moment(draw, draft)
      if (draw.chance(0.2)) return [{ atMs, command: `blind h${someHost(draw, draft)}` }]
      const wrong = draw.pick([
        'cpu=0',
        'cpu=60000',
        'cpu=7900',
        'memory=0',
        'memory=30000',
        'missing',
        `times=${draw.pick([0.2, 3, 50])}`,
      ])
      const lasts = draw.chance(0.3) ? ` for=${draw.integer(1, 30)}s` : ''
      return [{ atMs, command: `misread ${draw.pick(draft.vms).name} ${wrong}${lasts}` }]
    }),
}

export const hypervisorKinds: readonly Kind[] = [
  daemons,
  slowDaemons,
  events,
  lateRequests,
  phaseDeaths,
  migrations,
  owners,
  newVms,
  stubborn,
  lockedDisks,
  starting,
  dirtyMemory,
  lies,
]
