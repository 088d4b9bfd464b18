/** The waves of overload of the demo, one after another, and the faults that come with them. */
import { sleep } from '../harness/wait.ts'
import { cutOff, killAgent, killHost } from './demo-faults.ts'
import { calmHosts, type DemoState, leftMs, until } from './demo-state.ts'
import { plural } from './words.ts'

/** A wave is given up after this long, ms. */
const waveMsMax = 14_000
const restartMs = 3_000

/** How many hosts a wave overloads. */
const someOf = ({ cluster }: DemoState): number => Math.max(2, Math.round(cluster.hosts.length / 16))

const overloadSome = (demo: DemoState, some: number): string[] => {
  const { cluster, random } = demo
  const chosen = calmHosts(demo).slice(0, some)
  for (const host of chosen)
    cluster.overload(host, { toPermille: random.integer(1_060, 1_220), vms: random.integer(2, 4) })
  return chosen
}

const loadRises = async (demo: DemoState): Promise<void> => {
  demo.tell('plain', `the load of ${plural(someOf(demo), 'host')} rises`)
  overloadSome(demo, someOf(demo))
}

/** Two migrations go wrong, and the agent of a leader dies while its migration runs. */
const leaderDies = async (demo: DemoState): Promise<void> => {
  const { world } = demo.cluster
  const { faults } = demo.options
  if (faults.has('migrations')) {
    world.fail({ fault: { kind: 'abort', atPermille: 400 } })
    world.fail({ fault: { kind: 'fail-after-success' } })
  }
  const [first] = overloadSome(demo, someOf(demo))
  if (!faults.has('agents') || first === undefined) return
  const leads = (): boolean => world.migrations().some((m) => m.from === first)
  if (await until(demo, leads, 6_000))
    killAgent(
      demo,
      first,
      `kill -9: the agent of ${first}, while its migration runs. The hypervisors go on without it`,
      restartMs,
    )
}

/** Calm hosts lose their agent, their power, their links, while others are overloaded. */
const calmHostsFail = async (demo: DemoState): Promise<void> => {
  const { faults } = demo.options
  const calm = calmHosts(demo)
  const each = [
    [
      'agents',
      (host: string) =>
        killAgent(demo, host, `kill -9: the agent of ${host}. Its VMs do not notice`, 2 * restartMs),
    ],
    ['host', (host: string) => killHost(demo, host)],
    ['cut', (host: string) => cutOff(demo, host)],
  ] as const
  for (const [fault, strike] of each) {
    const host = faults.has(fault) ? calm.shift() : undefined
    if (host !== undefined) strike(host)
  }
  overloadSome(demo, someOf(demo))
}

const flashCrowd = async (demo: DemoState): Promise<void> => {
  await Promise.all(demo.restarts)
  demo.tell('plain', `a flash crowd: ${plural(someOf(demo) + 1, 'host')} at once`)
  overloadSome(demo, someOf(demo) + 1)
}

/** Load of earlier waves fades; but never that of a host that still waits for its cure. */
const fade = ({ cluster }: DemoState): void => {
  const waiting = new Set(cluster.overloadedHosts())
  for (const host of cluster.hosts)
    if (cluster.world.host(host).alive && !waiting.has(host)) cluster.relax(host)
}

/** Until all that can be cured is, and nothing moves; at most a wave's time. */
const waveEnds = async (demo: DemoState): Promise<void> => {
  const { cluster, episodes, stopped } = demo
  const end = performance.now() + Math.min(waveMsMax, leftMs(demo))
  const over = (): boolean => episodes.stillCurable().length === 0 && cluster.world.migrations().length === 0
  while (!over() && performance.now() < end && !stopped()) {
    await sleep(50)
    episodes.look()
  }
}

/** Plays the waves for which there is time; `reservedMs` is left for what comes after them. */
export const playWaves = async (demo: DemoState, reservedMs: number): Promise<void> => {
  for (const wave of [loadRises, leaderDies, calmHostsFail, flashCrowd]) {
    // Without time to cure it, an overload proves nothing.
    if (leftMs(demo) < reservedMs + 4_000) break
    fade(demo)
    await wave(demo)
    await waveEnds(demo)
  }
  await Promise.all(demo.restarts)
  await waveEnds(demo)
}
