/** Shows the story while it happens: pictures on a terminal, plain lines elsewhere. */
import type { Cluster } from '../harness/cluster.ts'
import type { DemoOptions } from './demo-options.ts'
import type { Tell } from './demo-state.ts'
import type { Episodes } from './episodes.ts'
import { clockOf, frameOf, joiningLines, type Line } from './screen/frame.ts'
import { type Paint, paintOf, wantsColour } from './screen/paint.ts'
import { openTerminal } from './screen/terminal.ts'

export interface Show {
  readonly paint: Paint
  readonly tell: Tell
  joining(progress: { readonly started: number; readonly known: number; readonly hosts: number }): void
  begin(cluster: Cluster, episodes: Episodes): void
  /** No more pictures; what is written from now on stays. */
  end(): void
}

const frameMs = 100
const linesMax = 200

const plainShow = (out: NodeJS.WriteStream, options: DemoOptions): Show => {
  const paint = paintOf(wantsColour(process.env, out.isTTY === true))
  const origin = performance.now()
  let told = 0
  const say = (text: string): void => void out.write(`${clockOf(performance.now() - origin)}  ${text}\n`)
  return {
    paint,
    tell: (_, text) => say(text),
    joining({ started, known, hosts }) {
      const share = Math.floor((4 * (started + known)) / (2 * hosts))
      if (told === 0)
        say(`starting ${hosts} agents in one process: libp2p over TCP, noise, gossipsub, a cluster key`)
      else if (share >= told) say(`${started} of ${hosts} agents started, ${known} know all others`)
      told = Math.max(told, share + 1)
    },
    begin: (cluster) =>
      say(
        `${cluster.hosts.length} hosts, ${cluster.world.vms().length} VMs, seed ${options.seed}: all agents know each other`,
      ),
    end: () => {},
  }
}

const picturesOn = (out: NodeJS.WriteStream, options: DemoOptions): Show => {
  const paint = paintOf(wantsColour(process.env, true))
  const terminal = openTerminal(out)
  const origin = performance.now()
  const log: Line[] = []
  let timer: NodeJS.Timeout | undefined
  return {
    paint,
    tell(tone, text) {
      log.push({ atMs: performance.now() - origin, tone, text })
      if (log.length > linesMax) log.shift()
    },
    joining: (progress) =>
      terminal.draw(joiningLines(progress, paint, terminal.width, performance.now() - origin)),
    begin(cluster, episodes) {
      let migrations = 0
      cluster.world.events((event) => {
        if (event.kind === 'migration-ended' && event.end === 'moved') migrations += 1
      })
      const draw = (): void =>
        terminal.draw(
          frameOf({
            cluster,
            paint,
            width: terminal.width,
            height: terminal.height,
            nowMs: performance.now() - origin,
            seed: options.seed,
            log,
            overloads: episodes.all.length,
            cured: episodes.all.filter((one) => one.ended !== null).length,
            migrations,
          }),
        )
      draw()
      timer = setInterval(draw, frameMs)
    },
    end() {
      clearInterval(timer)
      terminal.leave()
    },
  }
}

/** With `--json` standard output is for the summary alone. */
export const showOn = (options: DemoOptions): Show => {
  const pictures = !options.json && process.stdout.isTTY === true && process.env['TERM'] !== 'dumb'
  return pictures
    ? picturesOn(process.stdout, options)
    : plainShow(options.json ? process.stderr : process.stdout, options)
}
