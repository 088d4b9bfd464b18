/**
 * What happens in the demo: waves of overload; in the second the agent of a leader dies while its migration runs, in the
 * third another agent and a whole host; then the load is constant, and nothing may move any more.
 */
import type { Decision } from '@drover/protocol'
import { type Cluster, type ClusterOptions, startCluster } from '../harness/cluster.ts'
import { sleep } from '../harness/wait.ts'
import type { Violation } from '../invariants/checker.ts'
import { randomOf } from '../random.ts'
import type { DemoOptions } from './demo-options.ts'
import { able, type Counts, type DemoState, type Tell } from './demo-state.ts'
import { type Episodes, followEpisodes } from './episodes.ts'
import { playWaves } from './waves.ts'
import { cores, list, seconds, tellDecision } from './words.ts'

export interface Told extends Readonly<Counts> {
  readonly cluster: Cluster
  readonly episodes: Episodes
  readonly decisions: readonly Decision[]
  readonly violations: readonly Violation[]
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

const episodesOf = (cluster: Cluster, apart: Set<string>, tell: Tell): Episodes =>
  followEpisodes({
    cluster,
    able: (host) => able({ cluster, apart }, host),
    onBegin: ({ host }, milli) =>
      tell(
        'trouble',
        `${host} is overloaded: ${cores(milli)} of ${cores(cluster.usable(host).cpuMilli)} cores wanted`,
      ),
    onEnd({ host, beganAt, ended }) {
      const after = seconds(cluster.world.clock.now() - beganAt)
      if (ended?.how === 'lost') tell('plain', `${host}'s overload died with it`)
      else tell('good', `${host} is no longer overloaded, after ${after}`)
    },
  })

/** Counts and tells migrations, and tells what leaders decide. */
const listen = ({ cluster, tell, counts }: DemoState): void => {
  const { world, history } = cluster
  world.events((event) => {
    if (event.kind === 'migration-ended') {
      const { vm, from, to } = event.migration
      if (event.end === 'moved') counts.migrations += 1
      else {
        counts.migrationsFailed += 1
        tell('fault', `${world.vm(vm).name}: migration ${from} → ${to} ended: ${event.detail}`)
      }
    }
    if (event.kind === 'migration-refused') {
      counts.migrationsFailed += 1
      tell('fault', `${event.to} refused ${world.vm(event.vm).name}: ${event.detail}`)
    }
  })
  history.onDecision((decision) => {
    if (decision.asMember) return
    const tone = decision.result === 'running' ? 'act' : decision.result === 'cured' ? 'good' : 'plain'
    tell(tone, tellDecision(decision, cluster))
  })
}

/** The load is constant from now on; how much moves nevertheless. */
const watchQuiet = async ({ cluster, counts, tell, stopped }: DemoState): Promise<Told['quiet']> => {
  tell('plain', `from now on the load is constant: nothing may move any more`)
  await cluster.settled(8_000).catch((error: Error) => tell('trouble', error.message.split('\n')[0] ?? ''))
  const moved = (): number => cluster.world.migrations().length + counts.migrations + counts.migrationsFailed
  const before = moved()
  const since = performance.now()
  while (performance.now() - since < quietMs && !stopped()) await sleep(50)
  return { ms: performance.now() - since, migrations: moved() - before }
}

const play = async (cluster: Cluster, { options, tell, begin, endBy, stopped }: StoryInit): Promise<Told> => {
  const startedAt = performance.now()
  const apart = new Set<string>()
  const episodes = episodesOf(cluster, apart, tell)
  const demo: DemoState = {
    options,
    cluster,
    episodes,
    random: randomOf(options.seed, 'story'),
    tell,
    stopped,
    deadline: Math.min(endBy, startedAt + options.durationS * 1_000),
    apart,
    restarts: [],
    counts: { migrations: 0, migrationsFailed: 0, agentsKilled: 0, hostsKilled: 0 },
  }
  listen(demo)
  begin(cluster, episodes)
  await playWaves(demo, quietMs)
  const quiet = await watchQuiet(demo)
  episodes.look()
  episodes.stop()
  return {
    ...demo.counts,
    cluster,
    episodes,
    decisions: cluster.decisions(),
    violations: [...cluster.checkInvariants(true)],
    quiet,
    tookMs: performance.now() - startedAt,
  }
}

/** Starts the cluster, which the caller stops; when the story fails it is stopped here. */
export const tellStory = async (init: StoryInit): Promise<Told> => {
  const { options, joining, endBy } = init
  const cluster = await startCluster({
    hosts: options.hosts,
    seed: options.seed,
    joinMs: Math.max(20_000, endBy - performance.now() - 20_000),
    migrationMiBps: 500,
    onProgress: joining,
  })
  try {
    return await play(cluster, init)
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
