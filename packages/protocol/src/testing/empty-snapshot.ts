/** A host that runs nothing, as its agent grants it to a leader. */
import { nothing } from '@drover/placement'
import type { HostId } from '../data/ids.ts'
import type { HostSnapshot } from '../data/snapshot.ts'

export const emptySnapshot = (host: HostId, capacity = nothing): HostSnapshot => ({
  host,
  name: host,
  capacity,
  reserve: nothing,
  vms: [],
  promisedIn: nothing,
  draining: false,
  overloaded: false,
  foresees: false,
  cpuBaseline: '',
  failureDomain: null,
  rules: [],
  sampleAgeMs: 0,
})
