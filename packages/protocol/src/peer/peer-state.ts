/** What a peer remembers from one step to the next, beside what each stage keeps for itself. One owner: `peer.ts`. */
import type { Decision } from '../data/decision.ts'
import type { Instant } from '../data/ids.ts'
import type { PeerInit } from '../data/io.ts'
import type { Mode } from '../data/summary.ts'
import { calm, type LoadState } from '../detect/load.ts'
import type { Bonds } from './bonds.ts'

export interface PeerState {
  /** The time of the first step; null before it. */
  startedAt: Instant | null
  /** A step is under way. It stays so when the step throws: a peer whose own state is wrong does nothing more. */
  stepping: boolean
  /** When it is to step although nothing comes in, as the last step said. */
  wakeAt: Instant
  /** The operator's last word, restored from the journal; before the first one that of the configuration. */
  mode: Mode
  /** Whether this host is overloaded, and since when. */
  load: LoadState
  /** False from a failed write until one succeeds again. */
  journalHealthy: boolean
  /** The hypervisor has told its running migrations since it last began to answer. */
  jobsKnown: boolean
  /** Newest first, at most `limits.decisionsMax`; one per partition. */
  decisions: readonly Decision[]
  /** The operator's question that the partition under way answers; null = that partition serves a need. */
  question: string | null
  /** What kept this host's VMs here when a partition for its own need last ended; null = one is freer since, or there was none. */
  bonds: Bonds | null
  /** The sample and the revision of this host for which no destination could avert what is foreseen; null = look. */
  noDestination: { readonly sampledAt: Instant | null; readonly revision: number } | null
}

export const createPeerState = (init: Pick<PeerInit, 'mode' | 'restored'>): PeerState => ({
  startedAt: null,
  stepping: false,
  wakeAt: 0,
  mode: init.restored.mode ?? init.mode,
  load: calm,
  journalHealthy: true,
  jobsKnown: false,
  decisions: [],
  question: null,
  bonds: null,
  noDestination: null,
})
