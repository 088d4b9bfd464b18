/** What operators ask for, the rules that they set, and what owners of VMs do by hand. */

import type { Random } from '../../../packages/sim/src/random.ts'
import { type Draft, type Kind, moment, someHost, times } from '../kind.ts'

const orders: Kind = {
  name: 'orders',
  chance: 0.5,
  events: (draw, draft) =>
    times(draw, draft, 6, () => {
      const host = someHost(draw, draft)
      const vm = draw.pick(draft.vms)
      const order = draw.pick([
        'drain',
        'undrain',
        'plan',
        `migrate ${vm.name}`,
        `migrate ${vm.name} h${someHost(draw, draft)}`,
      ])
      // Most orders about a VM are given where it began: it is often there still.
      const at = order.startsWith('migrate') && draw.chance(0.7) ? vm.host : host
      return [{ atMs: moment(draw, draft), command: `tell h${at} ${order}` }]
    }),
}

/** The brake is pulled on one host or on all, and let go. */
const modes: Kind = {
  name: 'mode changes',
  chance: 0.35,
  events: (draw, draft) =>
    times(draw, draft, 3, () => {
      const all = Array.from({ length: draft.hosts }, (_, host) => host)
      const some = draw.chance(0.3) ? all : [someHost(draw, draft)]
      const atMs = moment(draw, draft)
      const untilMs = Math.min(atMs + draw.integer(1_000, 30_000), draft.untilMs)
      return some.flatMap((host) => [
        { atMs, command: `tell h${host} mode observe` },
        { atMs: untilMs, command: `tell h${host} mode auto` },
      ])
    }),
}

/** A few VMs of different hosts. */
const fewVms = (draw: Random, { vms }: Draft, most: number): readonly string[] =>
  draw
    .shuffle(vms)
    .slice(0, draw.integer(2, most))
    .map(({ name }) => name)

const onDifferentHosts = (draw: Random, draft: Draft): readonly string[] => {
  const seen = new Set<number>()
  return draw
    .shuffle(draft.vms)
    .filter(({ host }) => !seen.has(host) && seen.add(host))
    .slice(0, 3)
    .map(({ name }) => name)
}

const someHosts = (draw: Random, { hosts }: Draft, without: number): readonly string[] =>
  draw
    .shuffle(Array.from({ length: hosts }, (_, host) => host).filter((host) => host !== without))
    .slice(0, draw.integer(1, Math.max(1, Math.floor(hosts / 2))))
    .map((host) => `h${host}`)

/** Some rules need not hold between two actions. */
const softRules: Kind = { name: 'soft rules', unsettled: true, chance: 0.5 }

const ruleOf = (draw: Random, draft: Draft): Readonly<Record<string, unknown>> => {
  const vm = draw.pick(draft.vms)
  const isSoft = draw.chance(0.2) && draft.has(softRules.name)
  const soft = isSoft ? { continuous: false } : {}
  switch (draw.integer(0, 4)) {
    case 0:
      return { kind: 'spread', vms: onDifferentHosts(draw, draft), ...soft }
    case 1:
      return { kind: 'ban', vms: [vm.name], hosts: someHosts(draw, draft, vm.host), ...soft }
    case 2:
      return {
        kind: 'fence',
        vms: [vm.name],
        hosts: [...someHosts(draw, draft, vm.host), `h${vm.host}`],
        ...soft,
      }
    case 3:
      return { kind: 'labelCapacity', label: 'big', max: draw.integer(1, 3), ...soft }
    default:
      return { kind: 'spread', vms: fewVms(draw, draft, 3), ...soft }
  }
}

/** Some hold at the beginning, some do not. */
const rules: Kind = {
  name: 'rules',
  chance: 0.4,
  vm: (draw) => (draw.chance(0.3) ? ['labels=big'] : []),
  rules: (draw, draft) =>
    Array.from({ length: draw.integer(1, 3) }, () => ruleOf(draw, draft))
      .filter(({ vms, kind }) => kind !== 'spread' || (vms as readonly string[]).length > 1)
      .map((rule) => `rule ${JSON.stringify(rule)}`),
}

/**
 * Replicas of one service, each on a host of its own, on as many hosts as there are or nearly: one goes only where another one has gone.
 * No rule gives way in one moment.
 */
const replicas: Kind = {
  name: 'replicas',
  unsettled: true,
  chance: 0.2,
  rules(draw, { vms, hosts }) {
    const services = new Map<string, string[]>()
    for (const { name } of vms) {
      const [, service = ''] = name.split('-')
      services.set(service, [...(services.get(service) ?? []), name])
    }
    return [...services.values()].flatMap((all) => {
      const some = draw.shuffle(all).slice(0, hosts - draw.pick([0, 0, 1]))
      return some.length > 1 && draw.chance(0.8)
        ? [`rule ${JSON.stringify({ kind: 'spread', vms: some })}`]
        : []
    })
  },
}

/** As long as by default: a VM that has moved rests for longer than the story lasts. */
const longRests: Kind = {
  name: 'long rests',
  unsettled: true,
  chance: 0.2,
  cluster: () => ['policy.cooldownMs=600000'],
}

export const operatorKinds: readonly Kind[] = [orders, modes, rules, softRules, replicas, longRests]
