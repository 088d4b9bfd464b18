/** What breaks in the demo, and comes back: agents, hosts, links. */
import { sleep } from '../harness/wait.ts'
import { type DemoState, leftMs } from './demo-state.ts'
import { plural } from './words.ts'

/** A cut is healed after this time, ms. */
const cutMs = 6_000

/** `back` happens later, or when the story's time is over. */
const later = (demo: DemoState, ms: number, back: () => void | Promise<void>): void =>
  void demo.restarts.push(sleep(Math.min(ms, leftMs(demo))).then(back))

export const killAgent = (demo: DemoState, host: string, words: string, backAfterMs: number): void => {
  const { cluster, tell, counts, stopped } = demo
  cluster.killAgent(host)
  counts.agentsKilled += 1
  tell('fault', words)
  later(demo, backAfterMs, async () => {
    if (stopped()) return
    await cluster.restartAgent(host)
    tell('plain', `the agent of ${host} is back, and asks its hypervisor and its journal what it missed`)
  })
}

/** For good. */
export const killHost = ({ cluster, tell, counts }: DemoState, host: string): void => {
  const lost = cluster.world.host(host).vms.length
  cluster.killHost(host)
  counts.hostsKilled += 1
  tell(
    'fault',
    `power failure: ${host} is gone, and ${plural(lost, 'VM')} with it. The ring closes behind it`,
  )
}

/** No message of its agent reaches another host, and none reaches it. */
export const cutOff = (demo: DemoState, host: string): void => {
  const { cluster, apart, tell } = demo
  for (const other of cluster.hosts) if (other !== host) cluster.cut(host, other)
  apart.add(host)
  tell('fault', `a cut: ${host} hears no other host, and none hears it`)
  later(demo, cutMs, () => {
    cluster.heal()
    apart.delete(host)
    tell('plain', `the cut is healed: ${host} is back`)
  })
}
