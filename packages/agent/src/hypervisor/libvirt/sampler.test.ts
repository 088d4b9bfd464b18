/**
 * What a daemon tells of a busy VM, look by look, through the sampler and a caller that is scripted: whole answers, and the
 * incomplete ones that libvirt gives when it fails to read in /proc. No answer makes a VM of two vCPUs want 40,960 cores.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmId } from '@drover/protocol'
import { plainSampler } from '../../testing/plain-sampler.ts'
import type { VmSample } from '../hypervisor-port.ts'
import type { Caller } from './observe.ts'
import {
  allDomainStats,
  domainByUuid,
  domainState,
  domainStates,
  domainXml,
  jobStats,
  jobTypes,
  listDomains,
  listFlags,
  type Procedure,
} from './procedures.ts'
import { runningJobs } from './running-jobs.ts'
import type { TypedValues } from './typed-params.ts'

const vm = 'ac02535e-ac84-4f51-be77-1e291ebb7c23' as VmId
const domain = { name: 'vm1', vm, id: 3 }
const hourNs = 3_600 * 1_000_000_000

/** Two vCPUs with 20 h of time and 3 h of waits each, 60 h of the whole QEMU; each vCPU wants 40 % of a core. */
const statsAt = (seconds: number): Map<string, number> => {
  const ns = Math.round(seconds * 1_000_000_000)
  return new Map([
    ['state.state', domainStates.running],
    ['state.reason', 1],
    ['cpu.time', 60 * hourNs + ns],
    ['vcpu.current', 2],
    ['vcpu.maximum', 2],
    ...[0, 1].flatMap((i): [string, number][] => [
      [`vcpu.${i}.time`, 20 * hourNs + ns * 0.3],
      [`vcpu.${i}.delay`, 3 * hourNs + ns * 0.1],
    ]),
    ['balloon.current', 1_048_576],
    ['balloon.maximum', 2_097_152],
    ['dirtyrate.calc_status', 2],
    ['dirtyrate.megabytes_per_second', 7],
  ])
}

type Wrong = (stats: Map<string, number>) => void
const without =
  (...names: readonly string[]): Wrong =>
  (stats) => {
    for (const name of stats.keys()) if (names.some((one) => name.startsWith(one))) stats.delete(name)
  }

interface Told {
  /** What is wrong with the answer of this look; null = nothing. */
  readonly wrong?: Wrong
  /** How long the daemon takes, s. */
  readonly slowS?: number
}

/** A look every 1.15 s; what each showed of the VM. */
const play = async (looks: readonly Told[]): Promise<readonly VmSample[]> => {
  let nowS = 0
  let told: Told = {}
  const caller: Caller = {
    async call<Args, Result>(procedure: Procedure<Args, Result>): Promise<Result> {
      if (procedure.number === domainXml.number) return '<domain><devices/></domain>' as Result
      if (procedure.number === listDomains.number) return [] as Result
      assert.equal(procedure.number, allDomainStats.number)
      // The counters are read when the daemon is done with what kept it.
      nowS += told.slowS ?? 0
      const stats = statsAt(nowS)
      told.wrong?.(stats)
      return [{ domain, stats: stats as TypedValues }] as Result
    },
  }
  const sampler = plainSampler({ now: () => nowS * 1_000 })
  const seen: VmSample[] = []
  for (const look of looks) {
    told = look
    const begunS = nowS
    seen.push(...(await sampler.sample(caller, new Map())))
    nowS = Math.max(nowS, begunS + 1.15)
  }
  return seen
}
const demands = async (looks: readonly Told[]) =>
  (await play(looks)).map(({ cpuMilli }) => (cpuMilli === null ? null : Math.round(cpuMilli)))
const whole: Told = {}

/** A caller of which each look is told by `shown`: flags of `listDomains` and what jobs there are. */
const passing = () => {
  const shown = { snapshot: false, backup: false, mirror: false, asked: [] as number[] }
  const caller: Caller = {
    async call<Args, Result>(procedure: Procedure<Args, Result>, args: Args): Promise<Result> {
      const answer = (): unknown => {
        switch (procedure.number) {
          case domainXml.number:
            return `<domain><devices><disk type='network'><source protocol='rbd'/>${shown.mirror ? '<mirror/>' : ''}</disk></devices></domain>`
          case listDomains.number: {
            const { flags } = args as { readonly flags: number }
            shown.asked.push(flags)
            if (flags === listFlags.active) return [domain]
            return flags === (listFlags.active | listFlags.hasSnapshot) && shown.snapshot ? [domain] : []
          }
          case allDomainStats.number:
            return [{ domain, stats: statsAt(0) }]
          case jobStats.number:
            return {
              type: shown.backup ? jobTypes.unbounded : jobTypes.none,
              stats: new Map([['operation', 9]]),
            }
          case domainByUuid.number:
            return domain
          default:
            assert.equal(procedure.number, domainState.number)
            return { state: domainStates.running, reason: 1 }
        }
      }
      return answer() as Result
    },
  }
  const sampler = plainSampler()
  /** As the agent looks: VMs, then jobs. */
  const look = async (): Promise<string> => {
    const [one] = await sampler.sample(caller, new Map())
    sampler.jobsSeen((await runningJobs(caller)).busy)
    return one === undefined ? 'absent' : one.migratable.movable ? 'movable' : one.migratable.code
  }
  return { shown, sampler, look }
}

test('a VM with snapshots on record stays until they are deleted, at the price of one call for all VMs', async () => {
  const { shown, look } = passing()
  assert.equal(await look(), 'movable')
  shown.snapshot = true
  assert.equal(await look(), 'vm.snapshot')
  shown.snapshot = false
  assert.equal(await look(), 'movable')
  assert.deepEqual(shown.asked.slice(0, 3), [1 + 1024, 1 + 4096, 1], 'as libvirt-domain.h has them')
})

test('a VM of which a backup runs stays until the daemon tells that it has ended', async () => {
  const { shown, sampler, look } = passing()
  shown.backup = true
  assert.deepEqual([await look(), await look()], ['movable', 'vm.job_active'])
  shown.backup = false
  sampler.hear({ kind: 'job_completed', vm, stats: new Map() })
  assert.equal(await look(), 'movable')
})

test('a disk that is being copied is seen when its job tells, and when a migration has been refused', async () => {
  const { shown, sampler, look } = passing()
  await look()
  shown.mirror = true
  assert.equal(await look(), 'movable', 'its XML was read just now')
  sampler.readAgain(vm)
  assert.equal(await look(), 'vm.job_active')
  shown.mirror = false
  sampler.hear({ kind: 'configuration', vm, what: 'disks' })
  assert.equal(await look(), 'movable')
})

test('each incomplete answer is no measurement, nor is it half of one with the next', async () => {
  const answers: Readonly<Record<string, Wrong>> = {
    'no vCPUs at all': without('vcpu.'),
    'the numbers of vCPUs alone': without('vcpu.0.', 'vcpu.1.'),
    'no waits': without('vcpu.0.delay', 'vcpu.1.delay'),
    'one wait': without('vcpu.1.delay'),
    'one vCPU missing': without('vcpu.1.'),
    'nothing of the CPU': without('vcpu.', 'cpu.'),
  }
  for (const [what, wrong] of Object.entries(answers))
    for (const times of [1, 2, 5]) {
      const seen = await demands([whole, whole, ...Array(times).fill({ wrong }), whole, whole])
      assert.deepEqual(seen, [null, 800, ...Array(times).fill(null), 800, 800], `${what}, ${times} times`)
    }
})

test('an agent that starts amid incomplete answers measures nothing until they are whole', async () => {
  const wrong = without('vcpu.1.')
  assert.deepEqual(await demands([{ wrong }, { wrong }, { wrong }, whole, whole]), [
    null,
    null,
    null,
    null,
    800,
  ])
})

test('a counter that jumps once is not believed, and is forgotten with the look that showed it', async () => {
  const jump: Wrong = (stats) => stats.set('vcpu.0.time', 40 * hourNs)
  assert.deepEqual(await demands([whole, whole, { wrong: jump }, whole, whole]), [null, 800, null, null, 800])
})

test('a slow daemon is measured over a longer time', async () => {
  const slow = Array<Told>(14).fill({ slowS: 0.4 })
  const seen = (await demands([whole, whole, ...slow])).slice(2)
  for (const one of seen) assert.ok(one === null || Math.abs(one - 800) < 120, `${seen}`)
  assert.ok(
    seen.slice(5).every((one) => one !== null),
    `measured again after some seconds: ${seen}`,
  )
})

test('one slow answer among quick ones makes no demand of its own', async () => {
  for (const slowS of [0.5, 1, 3]) {
    const seen = await demands([whole, whole, whole, { slowS }, whole, whole, whole])
    for (const one of seen) assert.ok(one === null || Math.abs(one - 800) < 120, `${slowS} s: ${seen}`)
  }
})

test('memory and vCPUs that are not told are said to be not told, or as they were', async () => {
  const amounts = async (wrong: Wrong) => {
    const [, second] = await play([whole, { wrong }])
    return { memoryMiB: second?.memoryMiB, vcpus: second?.vcpus }
  }
  const full = { memoryMiB: 1_024, vcpus: 2 }
  assert.deepEqual(await amounts(() => {}), full)
  assert.deepEqual(await amounts(without('vcpu.')), full)
  assert.deepEqual(await amounts(without('balloon.current')), { ...full, memoryMiB: 2_048 })
  assert.deepEqual(await amounts(without('balloon.')), { ...full, memoryMiB: 0 })
  assert.deepEqual(await amounts((stats) => stats.set('balloon.current', 4e12)), { ...full, memoryMiB: 0 })
})
