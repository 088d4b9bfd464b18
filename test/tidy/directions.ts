/**
 * A package is a house with rooms that open one way: a room imports from those before it in the list, never from one behind it. So
 * read from the top, no room needs a later one to be understood. A room that is not listed is
 * complained about, too: say where it belongs.
 */
import { posix } from 'node:path'
import type { Rule } from './rules.ts'
import { importsOf, isTest, isTestSupport, lineOf, packageOf, type Source } from './source.ts'

/** Folders and files below `packages/<name>/src`; of two that fit the longer one counts. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  placement: [
    'assert.ts',
    'problem',
    'rules',
    'forecast',
    'model/constraints',
    'model',
    'bounds',
    'exact',
    'local',
    'lagrangian',
    'cure',
    'large',
    'order',
    'check',
    'infeasibility',
    'solve-placement.ts',
    'solve.ts',
    'goals.ts',
    'formats',
    'index.ts',
  ],
  protocol: [
    'data',
    'wire',
    'codec.ts',
    'step-context.ts',
    'snapshot',
    'detect',
    'ring',
    'actions',
    'migration',
    'lifecycle',
    'host-actions.ts',
    'outcome',
    'partition',
    'peer',
    'peer.ts',
    'index.ts',
  ],
  agent: [
    'drover-version.ts',
    'errors.ts',
    'clock.ts',
    'digest.ts',
    'log.ts',
    'log-port.ts',
    'immediate.ts',
    'retry-pauses.ts',
    'given',
    'config',
    'hypervisor',
    'hypervisor/libvirt',
    'journal',
    'transport',
    'solve',
    'loop.ts',
    'persist.ts',
    'observation.ts',
    'poller.ts',
    'inbound.ts',
    'outbound.ts',
    'agent-port.ts',
    'hypervisor-effects.ts',
    'effects.ts',
    'event-log.ts',
    'agent-events.ts',
    'pending-commands.ts',
    'agent-parts.ts',
    'agent-lifecycle.ts',
    'agent.ts',
    'metrics',
    'metrics.ts',
    'api',
    'cli',
    'runtime.ts',
    'index.ts',
  ],
  sim: [
    'quantile.ts',
    'random.ts',
    'time',
    'network',
    'hypervisor',
    'wire',
    'host',
    'curable.ts',
    'invariants',
    'story',
    'harness',
    'demo',
    'workload',
    'run',
    'baselines/drover',
    'baselines',
    'experiment',
    'report',
    'cli',
    'index.ts',
  ],
}

/** What a room may import at most, beside itself, however many come before it. */
const only: Readonly<Record<string, readonly string[]>> = {
  // What does not trust the solver shares nothing with it.
  'placement/check': ['problem', 'rules'],
}

const product = ({ path }: Source): boolean => !isTest(path) && !isTestSupport(path)

/** Of a path below `src`; −1: in none that is listed. */
const roomOf = (list: readonly string[], path: string): number => {
  let found = -1
  let longest = ''
  list.forEach((room, i) => {
    const fits = path === room || path.startsWith(`${room}/`)
    if (!fits || room.length <= longest.length) return
    found = i
    longest = room
  })
  return found
}

export const roomsOpenOneWay: Rule = {
  name: 'inside a package imports go one way, in the order of its rooms',
  judge: (source) => {
    const own = packageOf(source.path)
    const list = own === null ? undefined : rooms[own]
    const inSource = `packages/${own}/src/`
    if (list === undefined || !product(source) || !source.path.startsWith(inSource)) return []
    const here = roomOf(list, source.path.slice(inSource.length))
    if (here < 0) return ['1: in no room of its package: list it in test/tidy/directions.ts']
    return importsOf(source).flatMap(({ value, at }) => {
      if (!value.startsWith('.')) return []
      const target = posix.join(posix.dirname(source.path), value)
      if (!target.startsWith(inSource)) return []
      const there = roomOf(list, target.slice(inSource.length))
      const [from = '', to = ''] = [list[here], list[there]]
      const say = (what: string): string[] => [`${lineOf(source, at)}: ${value}: ${what}`]
      if (there > here) return say(`${to} comes after ${from}`)
      const few = only[`${own}/${from}`]
      return few === undefined || there === here || few.includes(to)
        ? []
        : say(`${from} may import ${few.join(', ')} only`)
    })
  },
  bad: [
    { path: 'packages/protocol/src/ring/a.ts', text: "import type { Member } from '../partition/member.ts'" },
    { path: 'packages/protocol/src/data/a.ts', text: "export * from '../wire/parts.ts'" },
    { path: 'packages/protocol/src/snapshot/a.ts', text: "type A = import('../peer.ts').Peer" },
    { path: 'packages/protocol/src/a-new-room/a.ts', text: '' },
    { path: 'packages/placement/src/problem/a.ts', text: "import type { Model } from '../model/model.ts'" },
    { path: 'packages/placement/src/model/constraints/a.ts', text: "import { compile } from '../model.ts'" },
    { path: 'packages/placement/src/check/a.ts', text: "import { costOf } from '../model/cost.ts'" },
    { path: 'packages/agent/src/hypervisor/a.ts', text: "import { link } from './libvirt/link.ts'" },
    { path: 'packages/sim/src/time/a.ts', text: "import '../run/meters.ts'" },
  ],
  good: [
    {
      path: 'packages/protocol/src/partition/a.ts',
      text: "import { a } from '../ring/order.ts'\nimport './b.ts'",
    },
    { path: 'packages/protocol/src/ring/a.test.ts', text: "import { a } from '../partition/member.ts'" },
    { path: 'packages/placement/src/check/a.ts', text: "import type { Plan } from '../problem/plan.ts'" },
    { path: 'packages/placement/src/model/a.ts', text: "import './constraints/separation.ts'" },
    { path: 'packages/placement/src/testing/a.ts', text: "import { solve } from '../solve.ts'" },
    { path: 'packages/agent/src/hypervisor/libvirt/a.ts', text: "import { a } from '../hypervisor-port.ts'" },
    { path: 'packages/agent/bin/drover.js', text: "import('../src/cli/main.ts')" },
  ],
}

/** A page of a folder is called `index.ts`, wherever it is. */
const everywhere: ReadonlySet<string> = new Set(['index.ts'])

/** A name that stands twice in a package finds nothing: each file says its own concept. Tests aside. */
export const namesTwice = (paths: readonly string[]): readonly string[] => {
  const byName = new Map<string, string[]>()
  for (const path of paths) {
    if (isTest(path) || !/^packages\/[^/]+\/src\//.test(path)) continue
    const name = posix.basename(path)
    if (!everywhere.has(name))
      byName.set(`${packageOf(path)} ${name}`, [...(byName.get(`${packageOf(path)} ${name}`) ?? []), path])
  }
  return [...byName.values()].filter((same) => same.length > 1).map((same) => same.sort().join(' and '))
}
