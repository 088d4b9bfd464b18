/** A host at its start, with nothing remarkable: tests say only what matters to them. */
import { policyOf } from '../data/config.ts'
import type { HostId } from '../data/ids.ts'
import type { PeerInit, Restored } from '../data/io.ts'

/** An old journal in which nothing is open. */
export const nothingRestored: Restored = {
  epoch: 0,
  journalIntact: true,
  lacking: false,
  open: [],
  closed: [],
  duties: [],
  autostarts: [],
  met: [],
  draining: false,
  mode: null,
  cooldowns: [],
}

export const peerInit = (host: HostId, changes: Partial<PeerInit> = {}): PeerInit => ({
  host,
  incarnation: 1,
  seed: 1,
  policy: policyOf('balanced'),
  mode: 'auto',
  rules: [],
  managed: new Set(),
  policyHash: '',
  restored: nothingRestored,
  ...changes,
})
