/** What a golden story can tell the cluster to do, once it stands. */
import type { ActionResult, Command } from '@drover/protocol'
import type { Cluster } from './cluster-api.ts'
import { hypervisorActs } from './hypervisor-commands.ts'
import { liar } from './liar.ts'
import type { Order } from './story-leader.ts'
import { short } from './story-lines.ts'
import { explained, show } from './story-view.ts'
import { type Act, durationMs, hostOf, vmOf } from './story-words.ts'

/** How long `until` waits when the story does not say, ms. */
const patienceMs = 60_000

const orderOf = (cluster: Cluster, words: readonly string[]): Command => {
  const [kind, ...rest] = words
  switch (kind) {
    case 'drain':
      return {
        kind,
        onBlocker: rest.includes('abort') ? 'abort' : 'skip',
        dryRun: rest.includes('dry-run'),
      }
    case 'undrain':
    case 'plan':
      return { kind }
    case 'mode':
      if (rest[0] !== 'observe' && rest[0] !== 'auto') throw new Error(`no such mode: ${rest[0]}`)
      return { kind, mode: rest[0] }
    case 'migrate': {
      const to = rest[1] === undefined ? null : cluster.ids[hostOf(rest[1])]!
      return { kind, vm: vmOf(cluster, rest[0]), to }
    }
    default:
      throw new Error(`no such order: ${kind}`)
  }
}

/** `suspend a h0, migrate b h1 h2 after 0 1`: the actions of a plan, counted from 0. */
const planOf = (cluster: Cluster, text: string): readonly Order[] =>
  text.split(',').map((one): Order => {
    const [words = '', after] = one.split(' after ')
    const [kind = '', vm, host, to] = words.trim().split(/\s+/)
    return {
      kind: kind as Order['kind'],
      vm: vmOf(cluster, vm),
      host: cluster.ids[hostOf(host)]!,
      ...(to === undefined ? {} : { to: cluster.ids[hostOf(to)]! }),
      after: after === undefined ? [] : after.trim().split(/\s+/).map(Number),
    }
  })

/** Time passes until the plan is over; then it is said how each of its actions ended. */
const untilLed = async (cluster: Cluster, within: string | undefined): Promise<readonly string[]> => {
  const led = cluster.led()
  if (led === null) throw new Error('nothing is led')
  const vain = await wait(cluster, () => led.over, within)
  const ends = led.results.map((result, i) => `${i} ${result === null ? 'open' : endOf(result)}`)
  return [...vain, ends.join(', ')]
}

const endOf = (result: ActionResult): string =>
  result.kind === 'done' ? result.kind : `${result.kind} ${result.code}`

const wait = async (cluster: Cluster, condition: () => boolean, within: string | undefined) => {
  const came = await cluster.until(condition, within === undefined ? patienceMs : durationMs(within))
  return came ? [] : ['in vain']
}

/** The hypervisors are through a little before the agents: a copy that has come waits paused until it is handed over. */
const isSettled = ({ world, ids, viewOf }: Cluster): boolean =>
  world.migrations().length === 0 && ids.every((_, host) => (viewOf(host)?.migrations ?? []).length === 0)

/** `upon perform in=2s kill-agent FROM`: the names of the hosts and of the VM stand where these words are. */
const upon: Act = (cluster, [occasion = '', name = '', ...words], set) => {
  const done = acts[name]
  if (!Object.hasOwn(acts, name) || done === undefined) throw new Error(`no such command: ${name}`)
  cluster.upon(occasion, durationMs(set.get('in') ?? '0ms'), ({ from, to, lead, vm }) => {
    const named: Readonly<Record<string, string | null>> = { FROM: from, TO: to, LEAD: lead, VM: vm }
    const meant = words.map((word) => (Object.hasOwn(named, word) ? named[word] : word))
    const given = [...set].filter(([key]) => key !== 'in')
    const rest = new Map(given.map(([key, value]) => [key, named[value] ?? value]))
    if (meant.every((word) => typeof word === 'string')) done(cluster, meant, rest)
  })
}

export const acts: Readonly<Record<string, Act>> = {
  vm(cluster, [name = '', host], set) {
    const number = (key: string, fallback: number) => Number(set.get(key) ?? fallback)
    cluster.vm(name, hostOf(host), number('cpu', 1_000), {
      memoryMiB: number('memory', 1_024),
      vcpus: number('vcpus', 8),
      dirtyMiBps: number('dirty', 0),
      fixed: set.get('fixed') ?? null,
      diskLocked: set.get('locked') === 'true',
      autostart: set.get('autostart') === 'true',
      settings: set.has('labels') ? { labels: set.get('labels')! } : {},
      deaf: set.get('deaf') === 'true',
      ...(set.get('state') === 'shut' ? { state: 'shut' } : {}),
    })
  },
  cpu: (cluster, [vms = '', amount]) => {
    for (const vm of vms.split(',')) cluster.world.setCpu(vmOf(cluster, vm), Number(amount))
  },
  overload(cluster, [host = '', amount]) {
    const { vms } = cluster.world.host(host)
    for (const vm of vms) cluster.world.setCpu(vm, Math.round(Number(amount) / vms.length))
  },
  'cap-cpu': (cluster, [most]) => {
    for (const { vm, cpuMilli } of cluster.world.vms())
      cluster.world.setCpu(vm, Math.min(cpuMilli, Number(most)))
  },
  fix: (cluster, [vm, code]) => cluster.world.setFixed(vmOf(cluster, vm), code ?? null),
  memory: (cluster, [vm, amount]) => cluster.world.setMemory(vmOf(cluster, vm), Number(amount)),
  run: (cluster, [time = '']) => cluster.run(durationMs(time)),
  async until(cluster, [what, ...rest], set) {
    const within = set.get('within')
    switch (what) {
      case 'led':
        return untilLed(cluster, within)
      case 'moving':
        return wait(cluster, () => cluster.world.migrations().length > 0, within)
      case 'still':
        return wait(cluster, () => cluster.world.migrations().length === 0, within)
      case 'settled':
        return wait(cluster, () => isSettled(cluster), within)
      case 'cured':
        return wait(cluster, () => cluster.overloaded().length === 0, within)
      case 'empty':
        return wait(cluster, () => cluster.world.host(rest[0] ?? '').vms.length === 0, within)
      default: {
        const vm = vmOf(cluster, what)
        const [state, host] = rest
        const is = () => cluster.world.vm(vm).copies.some((one) => one.host === host && one.state === state)
        return wait(cluster, is, within)
      }
    }
  },
  async order(cluster, [host, ...words]) {
    await cluster.command(hostOf(host), orderOf(cluster, words))
  },
  tell: (cluster, [host, ...words]) => void cluster.tell(hostOf(host), orderOf(cluster, words)),
  async lead(cluster, words) {
    cluster.lead(planOf(cluster, words.join(' ')))
    await cluster.run(0)
  },
  'kill-agent': (cluster, [host]) => cluster.killAgent(hostOf(host)),
  'break-core': (cluster, [host]) => cluster.breakCore(hostOf(host)),
  // It takes until the VMs of its migrations run: the story goes on meanwhile.
  'stop-agent': (cluster, [host]) => void cluster.stopAgent(hostOf(host)),
  'restart-agent': (cluster, [host]) => cluster.restartAgent(hostOf(host)),
  'lose-journal': (cluster, [host]) => cluster.loseJournal(hostOf(host)),
  'tear-journal': (cluster, [host, records]) =>
    cluster.tearJournal(hostOf(host), records === undefined ? 1 : Number(records)),
  freeze(cluster, [host, time, how], set) {
    const ms = time === undefined ? Number.POSITIVE_INFINITY : durationMs(time)
    const what = set.get('before')
    if (what === undefined) cluster.freeze(hostOf(host), ms, { asleep: how === 'asleep' })
    else cluster.freezeAt(hostOf(host), what, ms)
  },
  thaw: (cluster, [host]) => cluster.thaw(hostOf(host)),
  fsync: (cluster, [host, mean = '', spread = '0ms']) =>
    cluster.fsync(hostOf(host), durationMs(mean), durationMs(spread)),
  'crash-in-fsync'(cluster, [host, record = 'drawn']) {
    if (record !== 'written' && record !== 'unwritten' && record !== 'drawn')
      throw new Error(`not the fate of a record: ${record} (written, unwritten or drawn)`)
    cluster.crashInFsync(hostOf(host), record)
  },
  'clock-rate': (cluster, [host, rate]) => cluster.clockRate(hostOf(host), Number(rate)),
  'wall-clock': (cluster, [host, time = '']) => cluster.setWallClock(hostOf(host), Date.parse(time)),
  'full-journal': (cluster, [host, full], set) =>
    cluster.fullJournal(hostOf(host), full !== 'off', Number(set.get('after') ?? 0)),
  liar,
  'kill-host': (cluster, [host]) => cluster.killHost(hostOf(host)),
  'boot-host': (cluster, [host]) => cluster.bootHost(hostOf(host)),
  cut: (cluster, [a, b, way]) => cluster.cut(hostOf(a), hostOf(b), { oneWay: way === 'one-way' }),
  'cut-off'(cluster, words) {
    const group = new Set(words.map(hostOf))
    for (const inside of group)
      for (const outside of cluster.ids.keys()) if (!group.has(outside)) cluster.cut(inside, outside)
  },
  clog: (cluster, [a, b, time = '']) => cluster.clog(hostOf(a), hostOf(b), durationMs(time)),
  network(cluster, _, set) {
    const known = Object.keys(cluster.weather)
    for (const [name, value] of set) {
      if (!known.includes(name))
        throw new Error(`no such property of the network: ${name} (${known.join(', ')})`)
      Object.assign(cluster.weather, { [name]: Number(value) })
    }
  },
  heal: (cluster, [a, b]) => (b === undefined ? cluster.heal() : cluster.heal(hostOf(a), hostOf(b))),
  'heal-core': (cluster, hosts) => cluster.healCore(hosts.map(hostOf)),
  operate: (cluster) => cluster.operate(),
  upon,
  ...hypervisorActs,
  show,
  explain: (cluster, [host, what = '']) => explained(cluster, hostOf(host), what),
  check(cluster, [when]) {
    const found = [
      ...(when === 'so-far' ? cluster.checker.check() : cluster.checker.checkAtRest()),
      ...(cluster.liveness()?.violations() ?? []),
    ]
    const broken = found.map((one) => `${one.invariant} ${one.text}`)
    return broken.length === 0 ? ['every promise is kept'] : broken.map(short)
  },
}
