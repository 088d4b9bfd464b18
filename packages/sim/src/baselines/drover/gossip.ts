/** How the agents of one run hear of each other: a membership for each peer, and what becomes of a `publish`. */
import type {
  Candidate,
  HostId,
  LoadSummary,
  MakeMembership,
  Membership,
  MembershipHooks,
  StepContext,
} from '@drover/protocol'
import { createMembership, decodeSummary } from '@drover/protocol'
import type { SimulatedRun } from '../../run/simulated-run.ts'
import { arcsOf } from './arcs.ts'
import { type DroverSettings, fullGossipHostsMax } from './drover-options.ts'
import { countProbes, countSummary, sealed, sealedBytes } from './gossip-cost.ts'
import { gossipDelayMs, gossipDelayMsMax } from './gossip-delay.ts'
import { createGossipModel } from './gossip-model.ts'

export interface Gossip {
  /** For the peer of one host. `clockMs`: what its clock shows at time 0. */
  membership(host: number, clockMs: number): MakeMembership
  /** Carries out the effect. */
  publish(from: number, bytes: Uint8Array): void
  /** At the end of the run: what was not counted yet. */
  settle(): void
}

export interface GossipInit {
  readonly run: SimulatedRun
  readonly ids: readonly HostId[]
  readonly placeOf: ReadonlyMap<HostId, number>
  readonly settings: DroverSettings
  readonly gossipMs: number
  /** A summary has come to that host. */
  heard(to: number, summary: LoadSummary): void
  /** Has that host put something off, for which news could be a reason to look again? */
  waits(host: number): boolean
}

/** Throws RangeError when `full` is asked for with too many hosts. */
export const createGossip = (init: GossipInit): Gossip =>
  init.settings.gossip === 'arcs' ? arcGossip(init) : fullGossip(init)

/** Every summary is carried to every host, every probe is a message. */
const fullGossip = ({ run, ids, heard }: GossipInit): Gossip => {
  const { kernel, metrics, seed } = run
  if (ids.length > fullGossipHostsMax)
    throw new RangeError(`full gossip is for at most ${fullGossipHostsMax} hosts, not ${ids.length}`)
  return {
    membership: () => createMembership,
    publish(from, bytes) {
      countSummary(metrics, sealed(bytes), ids.length)
      const arrived = decodeSummary(bytes)
      if (arrived === null) throw new Error('a summary does not survive the codec')
      for (const to of ids.keys())
        if (to !== from) kernel.after(gossipDelayMs(seed, from, to), () => heard(to, arrived))
    },
    settle() {},
  }
}

/** As `gossip-model.ts` has it; the failure detector of a world where no host fails is counted, not run. */
const arcGossip = ({ run, ids, placeOf, settings, gossipMs, heard, waits }: GossipInit): Gossip => {
  const { kernel, metrics, seed, workload } = run
  const arcs = arcsOf(ids, settings.arcHosts)
  const delayMs = (from: number, to: number): number => gossipDelayMs(seed, from, to)

  /** An agent that has put something off hears of it; the others will see it when they look. */
  const spread = (host: number, summary: LoadSummary): void => {
    for (const to of arcs.followed(host))
      if (waits(to)) kernel.after(delayMs(host, to), () => heard(to, summary))
  }

  const model = createGossipModel(ids.length, {
    gossipMs,
    delayMs,
    delayMsMax: gossipDelayMsMax,
    bytesOf: sealedBytes,
    published(host, summary, bytes, news) {
      countSummary(metrics, bytes, arcs.subscribers(host))
      if (news) spread(host, summary)
    },
  })

  const membershipOf = (
    host: number,
    clockMs: number,
    context: StepContext,
    hooks: MembershipHooks,
  ): Membership => {
    const nowMs = (): number => context.now() - clockMs
    const candidates = (): ReturnType<Membership['candidates']> => {
      const found = []
      for (const from of arcs.followed(host)) {
        const candidate = model.heard(from, host, nowMs())
        if (candidate !== null) found.push(candidate)
      }
      return found
    }
    const heardOf = (other: HostId): Candidate | null => {
      const place = placeOf.get(other)
      return place === undefined ? null : model.heard(place, host, nowMs())
    }
    return {
      heard() {
        hooks.news()
        return 'changed'
      },
      hello: () => true,
      probed() {},
      alive() {},
      disconnected() {},
      declined() {},
      tried() {},
      summary: (other) => heardOf(other)?.summary ?? null,
      announced: (other) => heardOf(other)?.summary.migrationUri ?? null,
      candidates,
      announce(facts, hasty) {
        if (facts !== null) model.announce(host, nowMs(), facts, hasty)
      },
      tick() {},
      nextAt() {
        const at = model.nextAt(host)
        // Null would wake it in a gossip period: idle hosts are not woken at all.
        return at === null ? Number.MAX_SAFE_INTEGER : at + clockMs
      },
      view: () =>
        candidates().map(({ summary }, distance) => ({
          summary,
          state: 'alive',
          ageMs: 0,
          position: placeOf.get(summary.host)!,
          neighbour: distance < 4,
        })),
    }
  }

  return {
    membership: (host, clockMs) => (context, hooks) => membershipOf(host, clockMs, context, hooks),
    publish() {
      throw new Error('in the model of gossip nothing is published')
    },
    settle() {
      model.settle(kernel.now())
      countProbes(metrics, ids.length, workload.durationMs, ids[0]!)
    },
  }
}
