/** One picture of the cluster: hosts with their load, partitions, migrations on their way, the latest events. */
import type { PeerView } from '@drover/protocol'
import type { Cluster } from '../../harness/cluster.ts'
import type { MigrationTruth } from '../../hypervisor/events.ts'
import type { Tone } from '../demo-state.ts'
import { plural, seconds } from '../words.ts'
import { fit, type Paint, widthOf } from './paint.ts'

export interface Line {
  readonly atMs: number
  readonly tone: Tone
  readonly text: string
}

export interface FrameInit {
  readonly cluster: Cluster
  readonly paint: Paint
  readonly width: number
  readonly height: number
  readonly nowMs: number
  readonly seed: number
  readonly log: readonly Line[]
  readonly overloads: number
  readonly cured: number
  readonly migrations: number
}

const cellWidthMin = 29
const cellWidthMax = 44
/** The bar ends here; what is usable ends at the mark within. */
const barPermille = 1_300
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const

const bar = (permille: number, width: number, paint: Paint): string => {
  const cells = (Math.min(permille, barPermille) / barPermille) * width
  const full = Math.floor(cells)
  const filled = fit('█'.repeat(full) + (eighths[Math.floor((cells - full) * 8)] ?? ''), width)
  const mark = Math.round((1_000 / barPermille) * width)
  const characters = [...filled]
  // The mark of what is usable stays visible while there is nothing over it.
  const drawn = characters.map((one, i) => (one === ' ' ? (i === mark ? '│' : '·') : one))
  const used = drawn.filter((one) => one !== '·' && one !== '│').length
  return paint.load(permille, drawn.slice(0, used).join('')) + paint.dim(drawn.slice(used).join(''))
}

const percent = (m: MigrationTruth): string => {
  const total = m.transferredMiB + m.remainingMiB
  return `${Math.floor((100 * m.transferredMiB) / Math.max(1, total))} %`
}

/** A number for each partition that is alive, kept while it lives, so that its colour does not change. */
const hueOf = (partition: string): number => {
  let h = 7
  for (const c of partition.slice(-12)) h = (h * 31 + c.charCodeAt(0)) >>> 0
  return h
}

const cell = (host: string, view: PeerView | undefined, init: FrameInit, width: number): [string, string] => {
  const { cluster, paint } = init
  const { world } = cluster
  const truth = world.host(host)
  const usable = cluster.usable(host)
  const permille = Math.round((1_000 * truth.demand.cpuMilli) / usable.cpuMilli)
  const migrations = world.migrations()
  const out = migrations.find((m) => m.from === host)
  const into = migrations.find((m) => m.to === host)
  const lease = view?.lease ?? null
  const leads = view !== undefined && view.leading !== null

  const nameWidth = Math.max(3, host.length)
  const barWidth = width - nameWidth - 9
  if (!truth.alive)
    return [
      paint.bad('✕ ') + paint.dim(`${fit(host, nameWidth)} ${fit('no power', width - nameWidth - 3)}`),
      fit('', width),
    ]
  const badge =
    view === undefined
      ? paint.bad('✕')
      : lease === null
        ? paint.dim('·')
        : paint.hue(hueOf(lease.partition), leads ? '◆' : '●')
  const name =
    lease === null
      ? paint.bold(fit(host, nameWidth))
      : paint.hue(hueOf(lease.partition), fit(host, nameWidth))
  const figure = paint.load(permille, `${Math.round(permille / 10)} %`.padStart(6))
  const first = `${badge} ${name} ${bar(permille, barWidth, paint)}${figure}`

  const indent = ' '.repeat(nameWidth + 3)
  const room = width - nameWidth - 4
  const [text, tone]: [string, (text: string) => string] =
    out !== undefined
      ? [`${world.vm(out.vm).name} ▸ ${out.to} ${percent(out)}`, paint.act]
      : into !== undefined
        ? [`◂ ${world.vm(into.vm).name} from ${into.from}`, paint.act]
        : view === undefined
          ? ['agent dead, VMs live', paint.bad]
          : permille > 1_000
            ? ['overloaded', paint.warn]
            : [plural(truth.vms.length, 'VM'), paint.dim]
  return [first, `${indent}${tone(fit(text, room))} `]
}

const tones = (paint: Paint): Readonly<Record<Tone, (text: string) => string>> => ({
  act: paint.act,
  good: paint.good,
  trouble: paint.warn,
  fault: paint.bad,
  plain: (text) => text,
})

export const clockOf = (ms: number): string => `${(Math.max(0, ms) / 1_000).toFixed(1).padStart(5)} s`

/** Exactly `height` lines at most, none wider than `width`. */
export const frameOf = (init: FrameInit): string[] => {
  const { cluster, paint, width, height, nowMs, log } = init
  const views = new Map(cluster.views().map((view) => [cluster.nameOf(view.host), view]))
  const columns = Math.max(1, Math.min(cluster.hosts.length, Math.floor(width / cellWidthMin)))
  const cellWidth = Math.min(cellWidthMax, Math.floor(width / columns) - 1)
  const rows = Math.ceil(cluster.hosts.length / columns)
  // Two lines for each host where they fit, and leave room for the events.
  const roomy = rows * 2 + 12 <= height

  const migrations = cluster.world.migrations().length
  const partitions = new Set([...views.values()].flatMap((view) => view.lease?.partition ?? []))
  const title = `${paint.bold('drover')}  ${plural(cluster.hosts.length, 'host')}, ${plural(cluster.world.vms().length, 'VM')}, ${views.size} agents on libp2p, seed ${init.seed}`
  const state = [
    `${clockOf(nowMs)}`,
    plural(partitions.size, 'partition'),
    `${plural(migrations, 'migration')} under way, ${init.migrations} done`,
    `${init.cured} of ${plural(init.overloads, 'overload')} over`,
  ].join('  ·  ')
  const lines = [title, paint.dim(fit(state, Math.min(width, state.length + 1))), '']

  for (let row = 0; row < rows; row++) {
    // Down the columns, so that ring neighbours by name stand below each other.
    const cells = Array.from({ length: columns }, (_, column) => cluster.hosts[row + column * rows]).flatMap(
      (host) => (host === undefined ? [] : [cell(host, views.get(host), init, cellWidth)]),
    )
    lines.push(cells.map(([first]) => first).join(' '))
    if (roomy) lines.push(cells.map(([, second]) => second).join(' '))
  }
  lines.push('', paint.dim('─'.repeat(Math.max(0, width - 1))))

  const room = Math.max(0, height - lines.length - 2)
  const tone = tones(paint)
  for (const line of log.slice(-room)) {
    const stamp = clockOf(line.atMs)
    lines.push(
      `${paint.dim(stamp)}  ${tone[line.tone](fit(line.text, Math.max(0, width - stamp.length - 3)).trimEnd())}`,
    )
  }
  while (lines.length < height - 1) lines.push('')
  lines.push(paint.dim(fit('◆ leader  ● member  ✕ dead  │ all that is usable    Ctrl-C ends it', width - 1)))
  return lines.slice(0, height).map((line) => (widthOf(line) > width ? clip(line, width) : line))
}

/** Cuts a line with escapes in it; ends all colours. */
const clip = (line: string, width: number): string => {
  let shown = 0
  let out = ''
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  for (const part of line.split(/(\x1b\[[0-9;?]*[A-Za-z])/)) {
    if (part.startsWith('\x1b[')) {
      out += part
      continue
    }
    for (const character of part) {
      if (shown >= width) return `${out}\x1b[0m`
      out += character
      shown += 1
    }
  }
  return out
}

export const joiningLines = (
  progress: { readonly started: number; readonly known: number; readonly hosts: number },
  paint: Paint,
  width: number,
  elapsedMs: number,
): string[] => {
  const share = (progress.started + progress.known) / (2 * progress.hosts)
  const barWidth = Math.max(10, Math.min(60, width - 10))
  const full = Math.round(share * barWidth)
  return [
    paint.bold('drover'),
    '',
    `  starting ${progress.hosts} agents in one process: libp2p over TCP, noise, gossipsub, a cluster key`,
    '',
    `  ${paint.act('━'.repeat(full))}${paint.dim('─'.repeat(barWidth - full))}`,
    '',
    `  ${paint.dim(`${progress.started} started, ${progress.known} know all others, ${seconds(elapsedMs)}`)}`,
  ].map((line) => (widthOf(line) > width ? clip(line, width) : line))
}
