/** Plays a golden story on agents in virtual time, command by command; `README.md` lists the commands. */
import { setImmediate as turn } from 'node:timers/promises'
import { wordsOf } from '../../packages/agent/src/errors.ts'
import {
  asVmId,
  type Command,
  type Message,
  type Policy,
  type Rule,
  type VmId,
} from '../../packages/protocol/src/index.ts'
import type { MigrationFault } from '../../packages/sim/src/hypervisor/faults.ts'
import type { Cluster, ClusterOptions } from '../kit/cluster.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'
import { type Part, parse, print } from './script.ts'
import { effectLine, eventLine, isPoll, short } from './trace.ts'

/** How long `until` waits when the story does not say, ms. */
const patienceMs = 60_000

const durationMs = (text: string): number => {
  const found = /^(\d+(?:\.\d+)?)(ms|s|min)$/.exec(text)
  if (found === null) throw new Error(`not a duration: ${text} (like 200ms, 3s, 10min)`)
  return Number(found[1]) * { ms: 1, s: 1_000, min: 60_000 }[found[2] as 'ms' | 's' | 'min']
}

/** `a b cpu=3 locked` → words a, b, locked and settings { cpu: '3' }. */
const split = (words: string): { readonly plain: string[]; readonly set: Map<string, string> } => {
  const plain: string[] = []
  const set = new Map<string, string>()
  for (const word of words.split(/\s+/)) {
    const at = word.indexOf('=')
    if (at > 0) set.set(word.slice(0, at), word.slice(at + 1))
    else plain.push(word)
  }
  return { plain, set }
}

const hostOf = (text: string | undefined): number => {
  const found = /^h(\d+)$/.exec(text ?? '')
  if (found === null) throw new Error(`not a host: ${text} (like h0)`)
  return Number(found[1])
}

/** In JSON, "h2" is the id of that host. */
const jsonOf = <T>(text: string): T =>
  JSON.parse(text.replace(/"h(\d+)"/g, (_, digits: string) => `"peer-${digits.padStart(4, '0')}"`)) as T

const policyOf = (set: ReadonlyMap<string, string>): Partial<Policy> =>
  Object.fromEntries(
    [...set]
      .filter(([name]) => name.startsWith('policy.'))
      .map(([name, value]) => [name.slice('policy.'.length), JSON.parse(value)]),
  )

interface Stage {
  readonly lines: string[]
  readonly rules: Rule[]
  options: ClusterOptions | null
  cluster: Cluster | null
}

/** The cluster starts with the first command that needs it: rules are known to its agents from the start. */
const clusterOf = async (stage: Stage): Promise<Cluster> => {
  if (stage.cluster !== null) return stage.cluster
  if (stage.options === null) throw new Error("a story begins with 'cluster hosts=N'")
  let clock: { now(): number } | null = null
  const say = (who: string, what: string | null): void => {
    if (what === null) return
    const at = ((clock?.now() ?? 0) / 1_000).toFixed(3).padStart(8)
    stage.lines.push(short(`${at} ${who} ${what}`))
  }
  const cluster = await virtualCluster({
    ...stage.options,
    rules: stage.rules,
    observe: (host, effect) => say(`h${host}`, effectLine(effect)),
  })
  clock = cluster.clock
  cluster.world.events((event) => say('--', eventLine(event)))
  stage.cluster = cluster
  return cluster
}

const vmOf = (cluster: Cluster, name: string | undefined): VmId => cluster.world.vm(asVmId(name ?? '')).vm

const copiesOf = (cluster: Cluster, vm: VmId): string =>
  cluster.world
    .vm(vm)
    .copies.map((copy) => {
      const paused = copy.state === 'paused' ? ` by ${copy.pausedBy ?? 'nobody'}` : ''
      return `${copy.state}${paused} on ${copy.host}${copy.lostWithHost ? ', lost with it' : ''}`
    })
    .join('; ') || 'nowhere'

/** What each host's agent says of itself, and what is true of the VMs. */
const show = (cluster: Cluster): readonly string[] => {
  const now = Math.floor(cluster.clock.now())
  const hosts = cluster.ids.map((_, host) => {
    let view: ReturnType<ReturnType<Cluster['peer']>['view']>
    try {
      view = cluster.peer(host).view(now)
    } catch {
      return `h${host} has no agent`
    }
    const said = [
      view.able ? view.mode : `unable (${view.troubles.join(', ')})`,
      ...(view.draining ? ['draining'] : []),
      `wants ${view.demand.cpuMilli} of ${view.usable.cpuMilli} mCPU`,
      ...(view.committedIn.cpuMilli > 0 ? [`promised ${view.committedIn.cpuMilli}`] : []),
      ...(view.lease === null ? [] : [`leased to ${view.lease.partition}`]),
      ...view.migrations.map(({ vm, direction, phase }) => `${vm} ${direction} ${phase}`),
      ...view.duties.map(({ vm, word }) => `has to tell ${word} of ${vm}`),
      ...view.alarms.map(({ code, vm }) => `ALARM ${code} ${vm}`),
      ...view.warnings.map(({ code }) => `warned ${code}`),
      ...(view.forecastDoubt === 'forecast.together' ? [view.forecastDoubt] : []),
    ]
    return `h${host} ${said.join('; ')}`
  })
  const vms = cluster.world.vms().map(({ vm }) => `${vm} ${copiesOf(cluster, vm)}`)
  return [...hosts, ...vms].map(short)
}

const orderOf = (cluster: Cluster, words: readonly string[]): Command => {
  const [kind, ...rest] = words
  switch (kind) {
    case 'drain':
    case 'undrain':
    case 'plan':
      return { kind }
    case 'mode':
      if (rest[0] !== 'observe' && rest[0] !== 'auto') throw new Error(`no such mode: ${rest[0]}`)
      return { kind, mode: rest[0] }
    case 'migrate': {
      const to = rest[1] === undefined ? null : cluster.ids[hostOf(rest[1])]!
      return { kind, vm: vmOf(cluster, rest[0]), to }
    }
    default:
      throw new Error(`no such order: ${kind}`)
  }
}

type Act = (cluster: Cluster, words: readonly string[], set: ReadonlyMap<string, string>) => unknown

const wait = async (cluster: Cluster, condition: () => boolean, within: string | undefined) => {
  const came = await cluster.until(condition, within === undefined ? patienceMs : durationMs(within))
  return came ? [] : ['in vain']
}

const acts: Readonly<Record<string, Act>> = {
  vm(cluster, [name = '', host], set) {
    const number = (key: string, fallback: number) => Number(set.get(key) ?? fallback)
    cluster.vm(name, hostOf(host), number('cpu', 1_000), {
      memoryMiB: number('memory', 1_024),
      vcpus: number('vcpus', 8),
      dirtyMiBps: number('dirty', 0),
      fixed: set.get('fixed') ?? null,
      diskLocked: set.get('locked') === 'true',
    })
  },
  cpu: (cluster, [vms = '', amount]) => {
    for (const vm of vms.split(',')) cluster.world.setCpu(vmOf(cluster, vm), Number(amount))
  },
  memory: (cluster, [vm, amount]) => cluster.world.setMemory(vmOf(cluster, vm), Number(amount)),
  run: (cluster, [time = '']) => cluster.run(durationMs(time)),
  async until(cluster, [what, ...rest], set) {
    const within = set.get('within')
    switch (what) {
      case 'moving':
        return wait(cluster, () => cluster.world.migrations().length > 0, within)
      case 'still':
        return wait(cluster, () => cluster.world.migrations().length === 0, within)
      case 'cured':
        return wait(cluster, () => cluster.overloaded().length === 0, within)
      case 'empty':
        return wait(cluster, () => cluster.world.host(rest[0] ?? '').vms.length === 0, within)
      default: {
        const vm = vmOf(cluster, what)
        const [state, host] = rest
        const is = () => cluster.world.vm(vm).copies.some((one) => one.host === host && one.state === state)
        return wait(cluster, is, within)
      }
    }
  },
  async order(cluster, [host, ...words]) {
    await cluster.command(hostOf(host), orderOf(cluster, words))
  },
  'kill-agent': (cluster, [host]) => cluster.killAgent(hostOf(host)),
  // It takes until the VMs of its migrations run: the story goes on meanwhile.
  'stop-agent': (cluster, [host]) => void cluster.stopAgent(hostOf(host)),
  'restart-agent': (cluster, [host]) => cluster.restartAgent(hostOf(host)),
  'lose-journal': (cluster, [host]) => cluster.loseJournal(hostOf(host)),
  'full-journal': (cluster, [host, full]) => cluster.fullJournal(hostOf(host), full !== 'off'),
  liar(cluster, [host, kind], set) {
    cluster.lies(hostOf(host), (message) =>
      message.kind === kind ? ({ ...message, ...Object.fromEntries(set) } as Message) : message,
    )
  },
  'kill-host': (cluster, [host]) => cluster.killHost(hostOf(host)),
  'boot-host': (cluster, [host]) => cluster.bootHost(hostOf(host)),
  cut: (cluster, [a, b]) => cluster.cut(hostOf(a), hostOf(b)),
  heal: (cluster) => cluster.heal(),
  daemon(cluster, [host = '', state]) {
    if (state !== 'up' && state !== 'down' && state !== 'hung') throw new Error(`no such state: ${state}`)
    cluster.world.daemon(host, state)
  },
  pause: (cluster, [vm, host = '']) => cluster.world.byHand.pause(vmOf(cluster, vm), host),
  resume: (cluster, [vm, host = '']) => cluster.world.byHand.resume(vmOf(cluster, vm), host),
  destroy: (cluster, [vm, host = '']) => cluster.world.byHand.destroy(vmOf(cluster, vm), host),
  start: (cluster, [vm, host = '']) => cluster.world.byHand.start(vmOf(cluster, vm), host),
  misread(cluster, [vm], set) {
    const amount = (key: string) => (set.has(key) ? Number(set.get(key)) : undefined)
    const [cpuMilli, memoryMiB] = [amount('cpu'), amount('memory')]
    cluster.world.misread(vmOf(cluster, vm), {
      ...(cpuMilli === undefined ? {} : { cpuMilli }),
      ...(memoryMiB === undefined ? {} : { memoryMiB }),
    })
  },
  show,
  check(cluster) {
    const broken = cluster.checker.checkAtRest().map((one) => `${one.invariant} ${one.text}`)
    return broken.length === 0 ? ['every promise is kept'] : broken.map(short)
  },
}

const act = async (stage: Stage, command: string): Promise<void> => {
  const [name = '', ...rest] = command.split(/\s+/)
  const text = command.slice(name.length).trim()
  if (name === 'cluster') {
    const { set } = split(text)
    const given = (key: string) => (set.has(key) ? { [key]: JSON.parse(set.get(key)!) } : {})
    stage.options = {
      hosts: Number(set.get('hosts') ?? 3),
      sampleMs: durationMs(set.get('sample') ?? '1s'),
      ...(set.get('mode') === 'observe' ? { mode: 'observe' } : {}),
      ...given('seed'),
      ...given('cpuMilli'),
      ...given('memoryMiB'),
      policy: policyOf(set),
    }
    return
  }
  if (name === 'rule') return void stage.rules.push(jsonOf<Rule>(text))
  const cluster = await clusterOf(stage)
  if (name === 'fault') {
    const { plain, set } = split(text)
    const fault = jsonOf<MigrationFault>(plain.join(' '))
    const vm = set.get('vm')
    cluster.world.fail({ fault, ...(vm === undefined ? {} : { vm: asVmId(vm) }) })
    return
  }
  const done = acts[name]
  if (!Object.hasOwn(acts, name) || done === undefined) throw new Error(`no such command: ${name}`)
  const { plain, set } = split(rest.join(' '))
  const said = await done(cluster, plain, set)
  // What the command itself set off is told with it, not with the next one.
  await turn()
  if (Array.isArray(said)) stage.lines.push(...said.map(String))
}

/** A question that is asked, or answered alike, every second is shown once. */
const folded = (lines: readonly string[]): readonly string[] => {
  const seen = new Set<string>()
  let repeated = 0
  const kept = lines.filter((line) => {
    const said = line.replace(/^ *[\d.]+ /, '')
    if (isPoll(line) && seen.has(said)) {
      repeated += 1
      return false
    }
    seen.add(said)
    return true
  })
  return repeated === 0 ? kept : [...kept, `         (${repeated} of these questions and answers again)`]
}

/** The story with the output that it has now. */
export const play = async (text: string, file: string): Promise<string> => {
  const stage: Stage = { lines: [], rules: [], options: null, cluster: null }
  const parts: Part[] = []
  for (const part of parse(text)) {
    if (part.kind === 'comment') {
      parts.push(part)
      continue
    }
    stage.lines.length = 0
    try {
      await act(stage, part.words)
    } catch (error) {
      throw new Error(`${file}:${part.line}: ${part.words}: ${wordsOf(error)}`)
    }
    parts.push({ ...part, output: folded(stage.lines).join('\n') })
  }
  return print(parts)
}
