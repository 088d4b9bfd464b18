/** The acts of a run: all agents come up, three overloads without faults, the faults, healing, rest, one last restart. */
import { ApiError } from '../../packages/agent/src/api/api-error.ts'
import { quantile } from '../../packages/sim/src/quantile.ts'
import { type Random, randomOf } from '../../packages/sim/src/random.ts'
import type { Planned } from './faults/schedule.ts'
import { unconnected, unrest } from './proof/liveness.ts'
import { ranMs, type Starvation } from './proof/starvation.ts'
import type { Watch } from './proof/watch.ts'
import { nameOf, type Run, vmsOn } from './run.ts'
import { capacity } from './stage.ts'

export interface Act {
  readonly run: Run
  readonly watch: Watch
  readonly starvation: Starvation
  /** The run was asked to end. */
  readonly stopped: () => boolean
}

export class MissedError extends Error {}

const lookMs = 250
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

/** Resolves with the time that counted until nothing is left, ms. Throws MissedError with what is left at the bound. */
export const until = async (
  { starvation, stopped }: Act,
  what: string,
  boundMs: number,
  left: () => readonly string[],
): Promise<number> => {
  const begun = starvation.countedMs
  for (;;) {
    starvation.look()
    const passedMs = starvation.countedMs - begun
    const missing = left()
    if (missing.length === 0 || stopped()) return passedMs
    if (passedMs >= boundMs)
      throw new MissedError(`waited ${Math.round(boundMs / 1_000)} s for ${what}\n  ${missing.join('\n  ')}`)
    await sleep(lookMs)
  }
}

const overloaded = ({ run }: Act): readonly string[] =>
  run.world.hosts().flatMap(({ name, demand }) => (demand.cpuMilli > capacity.cpuMilli ? [name] : []))

/** Against a run that never begins; agents that start together take their time. */
const comeUpMs = 300_000
/** Against waiting for a cure that never comes, where there are no faults. */
const firstCureMs = 180_000

/** Starts all agents. Resolves with the median of their starts, ms: from the process until it takes part. */
export const comeUp = async (act: Act): Promise<number> => {
  const { run, watch, starvation } = act
  const begun = starvation.countedMs
  const ready = new Map<number, number>()
  for (const host of run.hosts) run.agent(host).start()
  await until(act, 'all agents to take part and to see each other', comeUpMs, () => {
    // Where the machine starves, little time counts: a start takes no less than its CPU time.
    for (const [host, { view }] of watch.statuses)
      if (view.able && !ready.has(host))
        ready.set(host, Math.max(starvation.countedMs - begun, ranMs(run.agent(host).pid)))
    return [
      ...unconnected(act),
      ...run.hosts.filter((host) => !ready.has(host)).map((host) => `${nameOf(host)} takes no part`),
    ]
  })
  return quantile([...ready.values()], 500) ?? 0
}

/** Its VMs want so much together, evenly. */
const setLoad = (run: Run, host: number, cpuMilli: number): void => {
  const here = vmsOn(run, host)
  for (const vm of here) run.world.setCpu(vm, Math.round(cpuMilli / here.length))
}

const relax = (run: Run, draw: Random): void => {
  for (const vm of run.vms) run.world.setCpu(vm, draw.integer(500, 1_100))
}

/** Three overloads, one after the other, without faults. Resolves with the median time to cure, ms. */
export const cureInPeace = async (act: Act, seed: number): Promise<number> => {
  const { run } = act
  const draw = randomOf(seed, 'e2e peace')
  const times: number[] = []
  for (const host of draw.shuffle(run.hosts).slice(0, 3)) {
    if (act.stopped()) break
    relax(run, draw)
    await until(act, 'rest before an overload', firstCureMs, () => [...overloaded(act), ...unrest(act)])
    setLoad(run, host, capacity.cpuMilli * 1.2)
    const ms = await until(act, `the cure of ${nameOf(host)}`, firstCureMs, () => overloaded(act))
    run.say(`${nameOf(host)} was overloaded and is cured after ${(ms / 1_000).toFixed(1)} s, without faults`)
    times.push(ms)
  }
  return quantile(times, 500) ?? 0
}

/** How often each fault struck, and how often it found nothing to strike. */
export interface Strikes {
  readonly struck: ReadonlyMap<string, number>
  readonly inVain: ReadonlyMap<string, number>
  /** Of the time in which they struck, how much the machine withheld, percent. */
  readonly starvedPercent: number
}

const progressMs = 15_000

/**
 * The clock of the faults runs as time counts, since where the machine starves every restart takes from what the agents have, and
 * faults without migrations prove little; but at least so fast, as a share of the real one.
 */
const paceMin = 0.2

export const rage = async (
  act: Act,
  schedule: readonly Planned[],
  forMs: number,
  trace: (text: string) => void,
): Promise<Strikes> => {
  const { run, watch, starvation } = act
  const struck = new Map<string, number>()
  const inVain = new Map<string, number>()
  const begun = performance.now()
  const countedBefore = starvation.countedMs
  let told = begun
  let next = 0
  let faultsMs = 0
  let [lastAt, lastCounted] = [begun, countedBefore]
  for (let now = begun; now - begun < forMs && !act.stopped(); now = performance.now()) {
    starvation.look()
    const { countedMs } = starvation
    faultsMs += Math.max(countedMs - lastCounted, (now - lastAt) * paceMin)
    lastAt = now
    lastCounted = countedMs
    for (let one = schedule[next]; one !== undefined && one.atMs <= faultsMs; one = schedule[next]) {
      next += 1
      const { what, words } = one.fault
      const hit = await one.fault.strike(run)
      const counts = hit === true ? struck : inVain
      counts.set(what, (counts.get(what) ?? 0) + 1)
      trace(`${hit === true ? '' : `in vain${hit === false ? '' : ` (${hit})`}: `}${words}`)
    }
    if (now - told >= progressMs) {
      told = now
      const awake = run.hosts.filter((host) => run.agent(host).awake).length
      const { migrations, violations } = watch
      run.say(
        `${Math.round((now - begun) / 1_000)} s: ${next} faults, ${migrations.get('begun') ?? 0} migrations begun, ` +
          `${migrations.get('moved') ?? 0} done, ${awake} of ${run.hosts.length} agents awake, ${violations.length} violations, ${starvation.words()}`,
      )
    }
    await sleep(50)
  }
  const counted = (starvation.countedMs - countedBefore) / Math.max(1, performance.now() - begun)
  return { struck, inVain, starvedPercent: Math.round(Math.max(0, 1 - counted) * 100) }
}

/** An agent that was hit by the last fault may be starting: its operator says it again. */
const order = async (run: Run, host: number, starts: number): Promise<boolean> => {
  const agent = run.agent(host)
  try {
    await agent.client.undrain()
    await agent.client.mode('auto')
    return agent.starts === starts
  } catch (error) {
    if (error instanceof ApiError) return false
    throw error
  }
}

/** All that was broken is whole, all that was dead is started, and no operator's order stands. Returns the hosts of dead agents. */
export const heal = (act: Act, seed: number): readonly number[] => {
  const { run } = act
  const { world } = run
  const draw = randomOf(seed, 'e2e healing')
  run.proxies.heal()
  world.heal()
  world.clearFaults()
  world.clearLies()
  for (const { name } of world.hosts()) {
    world.daemon(name, 'up')
    world.slow(name, 0)
    world.telling(name, 'once')
  }
  for (const vm of run.deaf) world.unhang(vm)
  for (const host of run.hosts) {
    run.agent(host).disk.free()
    run.agent(host).thaw()
  }
  const dead = run.hosts.filter((host) => run.agent(host).pid === null)
  for (const host of run.hosts) run.agent(host).start()
  for (const host of run.hosts)
    void (async () => {
      while (!act.stopped() && !(await order(run, host, run.agent(host).starts))) await sleep(500)
    })()
  // One more overload, that can be cured: two thirds of all capacity are wanted.
  relax(run, draw)
  const fullest = run.hosts.toSorted((one, other) => vmsOn(run, other).length - vmsOn(run, one).length)[0]
  if (fullest !== undefined) setLoad(run, fullest, capacity.cpuMilli * 1.2)
  return dead
}

/** What moves for 50 s: longer than a restart takes, on a busy machine, too. */
const largeMiB = 6_144

/**
 * The agent of a host is killed while a VM leaves it, and started again: it must report what is on its way. Resolves with the time
 * that counted from its start, ms; null when nothing moved, so that nothing could be shown.
 */
export const restartInMigration = async (act: Act, boundMs: number): Promise<number | null> => {
  const { run, watch } = act
  const { world } = run
  const host = run.hosts.find((one) => vmsOn(run, one).length > 0)
  if (host === undefined) return null
  const name = nameOf(host)
  const leaving = () => world.migrations().find((one) => one.from === name && one.phase === 'perform')
  relax(run, randomOf(0, 'e2e last'))
  await until(act, 'rest before the last restart', boundMs, () => [...overloaded(act), ...unrest(act)])
  const [vm] = vmsOn(run, host)
  if (vm === undefined) return null
  world.setMemory(vm, largeMiB)
  await until(act, 'a measurement', boundMs, () =>
    watch.statuses.get(host)?.view.vms.some((one) => one.vm === vm && one.demand.memoryMiB === largeMiB)
      ? []
      : [`${name} has not measured`],
  )
  await run.agent(host).client.migrate(vm, null)
  await until(act, `a migration away from ${name}`, boundMs, () =>
    leaving() === undefined ? ['none has begun'] : [],
  )
  await run.agent(host).kill()
  const left = leaving()
  if (left === undefined) return null
  watch.forget(host)
  run.agent(host).start()
  const reported = (): boolean =>
    watch.statuses.get(host)?.view.migrations.some((one) => one.vm === left.vm) === true
  const ms = await until(act, `${name} to report ${left.vm}`, boundMs, () =>
    reported() || leaving() === undefined ? [] : [`${name} reports nothing`],
  )
  return reported() ? Math.round(ms) : null
}
