/**
 * What happens in the demo: waves of overload; in the second the agent of a leader dies while its migration runs, in the
 * third another agent and a whole host; then everybody is left alone, and nothing may move any more.
 */
import type { Decision } from '@drover/protocol'
import { type Cluster, type ClusterOptions, startCluster } from '../harness/cluster.ts'
import { sleep } from '../harness/wait.ts'
import type { Violation } from '../invariants.ts'
import { randomOf } from '../random.ts'
import type { DemoOptions } from './demo-options.ts'
import { type Episodes, followEpisodes } from './episodes.ts'
import { cores, list, plural, seconds, tellDecision } from './words.ts'

export type Tone = 'act' | 'trouble' | 'good' | 'plain' | 'fault'
export type Tell = (tone: Tone, text: string) => void

export interface Told {
  readonly cluster: Cluster
  readonly episodes: Episodes
  readonly decisions: readonly Decision[]
  readonly violations: readonly Violation[]
  readonly migrations: number
  readonly migrationsFailed: number
  readonly agentsKilled: number
  readonly hostsKilled: number
  /** How long the load was constant in the end, and what moved meanwhile (Q3). */
  readonly quiet: { readonly ms: number; readonly migrations: number }
  /** Of the story, from the moment all agents knew each other. */
  readonly tookMs: number
}

export interface StoryInit {
  readonly options: DemoOptions
  readonly tell: Tell
  /** The cluster is up; called before the first wave. */
  readonly begin: (cluster: Cluster, episodes: Episodes) => void
  readonly joining: NonNullable<ClusterOptions['onProgress']>
  /** Real time at which the story must be over, `performance.now()`. */
  readonly endBy: number
  readonly stopped: () => boolean
}

/** Time to see nothing happen, ms. */
const quietMs = 4_000
/** A wave is given up after this long, ms. */
const waveMsMax = 14_000
const restartMs = 3_000

export const tellStory = async ({
  options,
  tell,
  begin,
  joining,
  endBy,
  stopped,
}: StoryInit): Promise<Told> => {
  const { hosts: count, seed, faults, durationS } = options
  const random = randomOf(seed, 'story')
  const cluster = await startCluster({
    hosts: count,
    seed,
    joinMs: Math.max(20_000, endBy - performance.now() - 20_000),
    migrationMiBps: 500,
    onProgress: joining,
  })
  try {
    const { world } = cluster
    const startedAt = performance.now()
    const deadline = Math.min(endBy, startedAt + durationS * 1_000)
    const left = (): number => (stopped() ? 0 : Math.max(0, deadline - performance.now()))
    const apart = new Set<string>()
    const able = (host: string): boolean => cluster.agent(host) !== null && !apart.has(host)
    let migrations = 0
    let migrationsFailed = 0
    let agentsKilled = 0
    let hostsKilled = 0

    const episodes = followEpisodes({
      cluster,
      able,
      onBegin: ({ host }, milli) =>
        tell(
          'trouble',
          `${host} is overloaded: ${cores(milli)} of ${cores(cluster.usable(host).cpuMilli)} cores wanted`,
        ),
      onEnd: ({ host, beganAt, ended }) =>
        ended?.how === 'lost'
          ? tell('plain', `${host}'s overload died with it`)
          : tell('good', `${host} is no longer overloaded, after ${seconds(world.clock.now() - beganAt)}`),
    })
    world.events((event) => {
      if (event.kind === 'migration-ended') {
        if (event.end === 'moved') migrations += 1
        else migrationsFailed += 1
        if (event.end !== 'moved')
          tell(
            'fault',
            `${world.vm(event.migration.vm).name}: migration ${event.migration.from} → ${event.migration.to} ended: ${event.detail}`,
          )
      }
      if (event.kind === 'migration-refused') {
        migrationsFailed += 1
        tell('fault', `${event.to} refused ${world.vm(event.vm).name}: ${event.detail}`)
      }
    })
    cluster.history.onDecision((decision) => {
      if (decision.asMember) return
      tell(
        decision.result === 'running' ? 'act' : decision.result === 'cured' ? 'good' : 'plain',
        tellDecision(decision, cluster),
      )
    })
    begin(cluster, episodes)

    /** Living hosts with a working agent that are not overloaded, in a random order. */
    const calmHosts = (): string[] =>
      random.shuffle(
        cluster.hosts.filter((h) => world.host(h).alive && able(h) && !cluster.overloadedHosts().includes(h)),
      )
    const overload = (host: string): void => {
      cluster.overload(host, { toPermille: random.integer(1_060, 1_220), vms: random.integer(2, 4) })
    }
    const overloadSome = (some: number): string[] => {
      const chosen = calmHosts().slice(0, some)
      for (const host of chosen) overload(host)
      return chosen
    }
    /** Until all that can be cured is, and nothing moves; at most a wave's time. */
    const waveEnds = async (): Promise<void> => {
      const end = performance.now() + Math.min(waveMsMax, left())
      const over = (): boolean => episodes.stillCurable().length === 0 && world.migrations().length === 0
      while (!over() && performance.now() < end && !stopped()) {
        await sleep(50)
        episodes.look()
      }
    }
    /** Load of earlier waves fades; but never that of a host that still waits for its cure. */
    const fade = (): void => {
      const waiting = new Set(cluster.overloadedHosts())
      for (const host of cluster.hosts) if (world.host(host).alive && !waiting.has(host)) cluster.relax(host)
    }
    const until = async (condition: () => boolean, ms: number): Promise<boolean> => {
      const end = performance.now() + Math.min(ms, left())
      while (!condition() && performance.now() < end) await sleep(20)
      return condition()
    }
    const restarts: Promise<void>[] = []
    const killAgent = (host: string, words: string, backAfterMs: number | null): void => {
      cluster.killAgent(host)
      agentsKilled += 1
      tell('fault', words)
      if (backAfterMs === null) return
      restarts.push(
        sleep(Math.min(backAfterMs, left())).then(async () => {
          if (stopped()) return
          await cluster.restartAgent(host)
          tell(
            'plain',
            `the agent of ${host} is back, and asks its hypervisor and its journal what it missed`,
          )
        }),
      )
    }
    const someOf = Math.max(2, Math.round(count / 16))

    const waves: (() => Promise<void>)[] = [
      async () => {
        tell('plain', `the load of ${plural(someOf, 'host')} rises`)
        overloadSome(someOf)
      },
      async () => {
        if (faults.has('migrations')) {
          world.fail({ fault: { kind: 'abort', atPermille: 400 } })
          world.fail({ fault: { kind: 'fail-after-success' } })
        }
        const [first] = overloadSome(someOf)
        if (!faults.has('agents') || first === undefined) return
        const leads = (): boolean => world.migrations().some((m) => m.from === first)
        if (await until(leads, 6_000))
          killAgent(
            first,
            `kill -9: the agent of ${first}, while its migration runs. The hypervisors go on without it`,
            restartMs,
          )
      },
      async () => {
        const calm = calmHosts()
        if (faults.has('agents')) {
          const host = calm.shift()
          if (host !== undefined)
            killAgent(host, `kill -9: the agent of ${host}. Its VMs do not notice`, 2 * restartMs)
        }
        if (faults.has('host')) {
          const host = calm.shift()
          if (host !== undefined) {
            const lost = world.host(host).vms.length
            cluster.killHost(host)
            hostsKilled += 1
            tell(
              'fault',
              `power failure: ${host} is gone, and ${plural(lost, 'VM')} with it. The ring closes behind it`,
            )
          }
        }
        if (faults.has('cut')) {
          const host = calm.shift()
          if (host !== undefined) {
            for (const other of cluster.hosts) if (other !== host) cluster.cut(host, other)
            apart.add(host)
            tell('fault', `a cut: ${host} hears nobody, and nobody hears it`)
            restarts.push(
              sleep(Math.min(6_000, left())).then(() => {
                cluster.heal()
                apart.delete(host)
                tell('plain', `the cut is healed: ${host} is back`)
              }),
            )
          }
        }
        overloadSome(someOf)
      },
      async () => {
        await Promise.all(restarts)
        tell('plain', `a flash crowd: ${plural(someOf + 1, 'host')} at once`)
        overloadSome(someOf + 1)
      },
    ]
    for (const wave of waves) {
      // Without time to cure it, an overload proves nothing.
      if (left() < quietMs + 4_000) break
      fade()
      await wave()
      await waveEnds()
    }
    await Promise.all(restarts)
    await waveEnds()

    tell('plain', `from now on the load is constant: nothing may move any more`)
    await cluster.settled(8_000).catch((error: Error) => tell('trouble', error.message.split('\n')[0] ?? ''))
    const before = world.migrations().length + migrations + migrationsFailed
    const quietSince = performance.now()
    while (performance.now() - quietSince < quietMs && !stopped()) await sleep(50)
    const quiet = {
      ms: performance.now() - quietSince,
      migrations: world.migrations().length + migrations + migrationsFailed - before,
    }
    episodes.look()
    episodes.stop()
    return {
      cluster,
      episodes,
      decisions: cluster.decisions(),
      violations: [...cluster.checkInvariants(true)],
      migrations,
      migrationsFailed,
      agentsKilled,
      hostsKilled,
      quiet,
      tookMs: performance.now() - startedAt,
    }
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

/** One line about what is still wrong, or null. */
export const stillWrong = ({ episodes }: Pick<Told, 'episodes'>): string | null => {
  const left = episodes.stillCurable().map((one) => one.host)
  return left.length === 0 ? null : `still overloaded, and curable: ${list(left)}`
}
