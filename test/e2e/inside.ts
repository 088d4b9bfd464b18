/** One run, inside the enclosure (`enclosure.ts`): `node inside.ts DIRECTORY OPTIONS-AS-JSON`. It ends when standard input does. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Act, comeUp, cureInPeace, heal, MissedError, rage, restartInMigration, until } from './acts.ts'
import { drawSchedule } from './faults/schedule.ts'
import type { Options } from './options.ts'
import { boundsOf, type Measured } from './proof/bounds.ts'
import { remainsOf, unrest, type Verdict, waitForPromises } from './proof/liveness.ts'
import { createOperator, type Operator } from './proof/operator.ts'
import { createStarvation } from './proof/starvation.ts'
import { startWatch } from './proof/watch.ts'
import { nameOf } from './run.ts'
import { capacity, type Stage, setStage } from './stage.ts'
import { boundRows, passed, type Summary, summaryText } from './summary.ts'

const memoryMiB = (pid: number): number => {
  try {
    return Math.round(
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024,
    )
  } catch {
    return 0
  }
}

/** What is known so far; a run that breaks off tells as much. */
interface Story {
  measured: Measured
  strikes: Awaited<ReturnType<typeof rage>>
  verdicts: readonly Verdict[]
  reportedAgainMs: number | null
  operator: Operator | null
  broken: string | null
}

const play = async (
  act: Act,
  stage: Stage,
  options: Options,
  story: Story,
  trace: (text: string) => void,
) => {
  const { run, watch, starvation, stopped } = act
  const { seed, minutes, only, agents } = options
  const forMs = minutes * 60_000
  const startMs = await comeUp(act)
  run.say(
    `all ${agents} agents take part and see each other; a start takes ${(startMs / 1_000).toFixed(1)} s`,
  )
  story.measured = { startMs, cureMs: await cureInPeace(act, seed) }
  const schedule = drawSchedule({ seed, hosts: agents, forMs, only })
  run.say(
    `${schedule.length} faults of seed ${seed} strike for ${minutes} min, fewer where the machine starves`,
  )
  story.strikes = await rage(act, schedule, forMs, trace)

  const before = remainsOf(watch)
  const bounds = boundsOf(story.measured, agents)
  stage.stopFaults()
  const dead = heal(act, seed)
  watch.forget()
  run.say(`everything is healed${dead.length === 0 ? '' : `; ${dead.map(nameOf).join(' ')} started`}`)
  const operator = createOperator(run, watch)
  story.operator = operator
  story.verdicts = await waitForPromises({ run, watch, operator, starvation, bounds, dead, before, stopped })
  if (stopped() || story.verdicts.some(({ metAfterMs }) => metAfterMs === null)) return
  const restMs = bounds.L1.ms
  const atRest = () => {
    operator.look()
    return unrest(act)
  }
  await until(act, 'rest', restMs, atRest)
  watch.checkAtRest()
  story.reportedAgainMs = await restartInMigration(act, restMs)
  await until(act, 'rest at the end', restMs, atRest)
  watch.checkAtRest()
}

const summaryOf = (
  { run, watch, starvation }: Act,
  options: Options,
  story: Story,
  starts: number,
): Summary => {
  const { struck, inVain } = story.strikes
  const kinds = [...new Set([...struck.keys(), ...inVain.keys()])]
  const pids = run.hosts.flatMap((host) => run.agent(host).pid ?? [])
  return {
    options,
    measured: story.measured,
    faults: Object.fromEntries(
      kinds.map((kind) => [kind, { struck: struck.get(kind) ?? 0, inVain: inVain.get(kind) ?? 0 }]),
    ),
    migrations: Object.fromEntries(watch.migrations),
    agents: { starts, memoryMiBMax: Math.max(0, ...pids.map(memoryMiB)) },
    bounds: boundRows(story.verdicts),
    reportedAgainMs: story.reportedAgainMs,
    operator: Object.fromEntries(story.operator?.done ?? []),
    violations: watch.violations,
    broken: story.broken,
    starvedPercent: story.strikes.starvedPercent,
    loopDelayMsMax: starvation.loopDelayMsMax,
  }
}

const main = async (directory: string, options: Options): Promise<number> => {
  const begun = performance.now()
  const trace = (text: string): void => {
    const line = `${((performance.now() - begun) / 1_000).toFixed(1).padStart(7)}  ${text}\n`
    appendFileSync(join(directory, 'run.log'), line)
  }
  const say = (text: string): void => {
    trace(text)
    const out = options.json ? process.stderr : process.stdout
    out.write(`${((performance.now() - begun) / 1_000).toFixed(0).padStart(5)}  ${text}\n`)
  }
  let stopped = false
  process.stdin.on('end', () => {
    stopped = true
  })
  process.stdin.resume()

  const faultsOfAgents: string[] = []
  const stage = await setStage({ options, directory, say, onFault: (text) => faultsOfAgents.push(text) })
  const { run, agents } = stage
  run.world.events((event) => trace(`world: ${JSON.stringify(event)}`))
  const starvation = createStarvation(() =>
    agents.flatMap(({ awake, pid }) => (awake && pid !== null ? [pid] : [])),
  )
  const watch = startWatch({
    world: run.world,
    agents,
    capacity,
    onViolation: (text) => say(`VIOLATION: ${text}`),
  })
  const telling = setInterval(() => {
    for (const text of faultsOfAgents.splice(0)) watch.tell(text)
  }, 100)
  const act: Act = { run, watch, starvation, stopped: () => stopped }
  const story: Story = {
    measured: { startMs: 0, cureMs: 0 },
    strikes: { struck: new Map(), inVain: new Map(), starvedPercent: 0 },
    verdicts: [],
    reportedAgainMs: null,
    operator: null,
    broken: null,
  }
  try {
    await play(act, stage, options, story, trace)
  } catch (error) {
    if (!(error instanceof MissedError)) throw error
    story.broken = error.message
  }
  if (stopped) story.broken = 'interrupted'
  clearInterval(telling)
  for (const text of faultsOfAgents) watch.tell(text)
  const starts = agents.reduce((sum, agent) => sum + agent.starts, 0)
  const summary = summaryOf(act, options, story, starts)
  const ok = passed(summary)
  writeFileSync(join(directory, 'summary.json'), JSON.stringify(summary, null, 2))
  const text = summaryText(summary, directory)
  if (options.json) process.stderr.write(text)
  process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : text)
  return stopped ? 130 : ok ? 0 : 1
}

const [directory = '', options = '{}'] = process.argv.slice(2)
// The first process of its namespace: whatever it leaves behind ends with it.
main(directory, JSON.parse(options) as Options).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `the run itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    )
    process.exit(1)
  },
)
