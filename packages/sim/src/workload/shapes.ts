/**
 * Made-up demand with a shape: steps, waves and flash crowds, on the hosts and VMs of VMPlaceS. Between them they show
 * what a scheduler does when many VMs change at once, slowly and foreseeably, or suddenly and for a while.
 */
import { type Random, randomOf } from '../random.ts'
import {
  capacityDefault,
  cpuMilliOf,
  dirtyPercents,
  durationSDefault,
  vmplacesHost,
  vmplacesVm,
  vmplacesWorkload,
} from './vmplaces.ts'
import type { DemandChange, Workload } from './workload.ts'

export interface ShapeCommon {
  readonly hosts: number
  readonly seed: number
  /** Default 10. */
  readonly vmsPerHost?: number
  /** CPU of a host, 100 = one core. Default 700. */
  readonly capacity?: number
  /** Default 1800. */
  readonly durationS?: number
  /** At rest a VM wants a load of its own, % of a core, about normal. Default 50 (waves: 40) and 10. */
  readonly mean?: number
  readonly std?: number
  /** What a VM wants at the height of the shape, % of a core; no less than at rest. Default 90 (waves: 70). */
  readonly peak?: number
  /** Each VM is looked at so often, at a moment of its own. Default 10. */
  readonly sampleS?: number
}

/** Every `everyS` some VMs go up to the peak at once (within one sample), and down again after `holdS`. */
export interface Steps extends ShapeCommon {
  readonly kind: 'steps'
  /** Default 600 and 300. */
  readonly everyS?: number
  readonly holdS?: number
  /** Of the VMs, drawn anew each time, 0 … 1. Default 0.3. */
  readonly share?: number
}

/** Demand swings between rest and peak; VMs of a group swing together, the groups one after another. */
export interface Waves extends ShapeCommon {
  readonly kind: 'waves'
  /** Default 900. */
  readonly periodS?: number
  /** Default 4. Groups are neighbouring hosts, so that the crest goes round the cluster. */
  readonly groups?: number
}

/** Now and then a crowd comes to the VMs of one application: their demand rises, holds, and falls. */
export interface FlashCrowds extends ShapeCommon {
  readonly kind: 'flash-crowds'
  /** Between the beginnings of two crowds, on average (exponential). Default 300. */
  readonly gapS?: number
  /** VMs of an application, drawn from all for each crowd, as a share of them, 0 … 1. Default 0.1. */
  readonly share?: number
  /** Default 30, 120 and 180. */
  readonly riseS?: number
  readonly holdS?: number
  readonly fallS?: number
}

export type Shape = Steps | Waves | FlashCrowds

/** The cluster as a whole has room for each of them by default: half of the VMs of a wave are up at any time. */
const heights = {
  steps: { mean: 50, peak: 90 },
  waves: { mean: 40, peak: 70 },
  'flash-crowds': { mean: 50, peak: 90 },
} as const satisfies Record<Shape['kind'], unknown>

/** How far between rest (0) and peak (1) the VM of that place is. */
type Height = (place: number, atS: number) => number

/** Something that these VMs do together from then on. */
interface Surge {
  readonly atS: number
  readonly vms: ReadonlySet<number>
}

const drawn = (random: Random, count: number, share: number): ReadonlySet<number> =>
  new Set(Array.from({ length: count }, (_, i) => i).filter(() => random.chance(share)))

/** Up linearly, level, down linearly; two crowds at one VM are as high as the higher. */
const surging = (surges: readonly Surge[], riseS: number, holdS: number, fallS: number): Height => {
  const ofVm = new Map<number, number[]>()
  for (const { atS, vms } of surges)
    for (const vm of vms) {
      const known = ofVm.get(vm)
      if (known === undefined) ofVm.set(vm, [atS])
      else known.push(atS)
    }
  const heightAt = (sinceS: number): number => {
    if (sinceS < 0) return 0
    if (sinceS < riseS) return sinceS / riseS
    if (sinceS < riseS + holdS) return 1
    const falling = sinceS - riseS - holdS
    return falling < fallS ? 1 - falling / fallS : 0
  }
  return (place, atS) => {
    let height = 0
    for (const beganS of ofVm.get(place) ?? []) height = Math.max(height, heightAt(atS - beganS))
    return height
  }
}

/**
 * A wave from 0 over 1 to 0 as its phase goes from 0 to 1: two parabolas, a sine to the eye. Multiplications only, so
 * that it is the same on every machine.
 */
export const swing = (phase: number): number => {
  const x = phase - Math.floor(phase)
  const y = 2 * Math.min(x, 1 - x)
  return y < 0.5 ? 2 * y * y : 1 - 2 * (1 - y) * (1 - y)
}

const heightOf = (shape: Shape, vms: number, durationS: number): Height => {
  switch (shape.kind) {
    case 'steps': {
      const { everyS = 600, holdS = 300, share = 0.3 } = shape
      const random = randomOf(shape.seed, 'steps vms')
      const surges: Surge[] = []
      for (let atS = everyS; atS < durationS; atS += everyS)
        surges.push({ atS, vms: drawn(random, vms, share) })
      return surging(surges, 0, holdS, 0)
    }
    case 'waves': {
      const { periodS = 900, groups = 4 } = shape
      return (place, atS) => swing(atS / periodS - Math.floor((place * groups) / vms) / groups)
    }
    case 'flash-crowds': {
      const { gapS = 300, share = 0.1, riseS = 30, holdS = 120, fallS = 180 } = shape
      const [gaps, which] = [randomOf(shape.seed, 'crowds gap'), randomOf(shape.seed, 'crowds vms')]
      const surges: Surge[] = []
      for (let atS = gaps.exponential(gapS); atS < durationS; atS += gaps.exponential(gapS))
        surges.push({ atS, vms: drawn(which, vms, share) })
      return surging(surges, riseS, holdS, fallS)
    }
    default:
      return shape satisfies never
  }
}

/** The same shape and seed give the same workload on every machine. Throws RangeError on one that describes none. */
export const generateShape = (shape: Shape): Workload => {
  const {
    kind,
    hosts,
    seed,
    vmsPerHost = 10,
    capacity = capacityDefault,
    durationS = durationSDefault,
  } = shape
  const { mean = heights[kind].mean, std = 10, peak = heights[kind].peak, sampleS = 10 } = shape
  if (!(Number.isInteger(hosts) && hosts > 0 && Number.isInteger(vmsPerHost) && vmsPerHost > 0))
    throw new RangeError('a workload has at least one host, and one VM on each')
  if (!(sampleS > 0)) throw new RangeError('VMs are looked at every so many seconds: sampleS is more than 0')

  const count = hosts * vmsPerHost
  const height = heightOf(shape, count, durationS)
  const dirty = randomOf(seed, 'shape dirty')
  const rest = randomOf(seed, 'shape rest')
  const offset = randomOf(seed, 'shape offset')
  const names = Array.from({ length: hosts }, (_, i) => `node${i}`)
  const drawnVms = Array.from({ length: count }, (_, place) => {
    const low = Math.round(Math.max(0, Math.min(100, rest.normal(mean, std))))
    const loadAt = (atS: number): number => Math.round(low + Math.max(0, peak - low) * height(place, atS))
    const host = names[Math.floor(place / vmsPerHost)]!
    return {
      vm: {
        ...vmplacesVm(`vm-${place}`, host, dirty.pick(dirtyPercents)),
        cpuMilli: cpuMilliOf(loadAt(0)),
      },
      loadAt,
      // Whole milliseconds.
      offsetS: Math.floor(offset.fraction() * sampleS * 1_000) / 1_000,
    }
  })
  const vms = drawnVms.map(({ vm }) => vm)
  const order = drawnVms.toSorted((a, b) => a.offsetS - b.offsetS)
  function* changes(): Generator<DemandChange> {
    const last = order.map(({ vm }) => vm.cpuMilli)
    for (let round = 0; round * sampleS <= durationS; round++)
      for (const [i, { vm, loadAt, offsetS }] of order.entries()) {
        const atS = round * sampleS + offsetS
        if (atS > durationS) return
        const cpuMilli = cpuMilliOf(loadAt(atS))
        if (cpuMilli === last[i]) continue
        last[i] = cpuMilli
        yield { atMs: Math.round(atS * 1_000), vm: vm.vm, cpuMilli }
      }
  }
  return vmplacesWorkload({
    name: `${kind} ${hosts}h${count}v N(${mean}, ${std}) to ${peak} of ${capacity}, seed ${seed}`,
    hosts: names.map((name) => vmplacesHost(name, capacity)),
    vms,
    changes,
    durationS,
  })
}
