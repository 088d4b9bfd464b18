// @ts-check
/// <reference lib="dom" />
/** The timeline: one cursor over one run, or over two below each other. */
import { createChart } from './chart.js'
import { clockOf, eventFrom, momentOf, storyOf } from './moment.js'

/** @typedef {import('./moment.js').Story} Story */

/** @param {readonly string[]} parts @param {number} max */
const listed = (parts, max) =>
  parts.length <= max ? parts.join(', ') : `${parts.slice(0, max).join(', ')} and ${parts.length - max} more`

/** @param {number} tenths */
const secondsOf = (tenths) => `${(tenths / 10).toFixed(1)} s`

/** What happens at that time, in words. @param {Story} story @param {number} time */
const wordsOf = (story, time) => {
  const { overloaded, held, moving } = momentOf(story, time)
  const name = (/** @type {number} */ host) => story.hosts[host] ?? `host ${host}`
  const over = overloaded.map(
    (stay) => `${name(stay.host)} for ${secondsOf(time - stay.from)} of ${secondsOf(stay.to - stay.from)}`,
  )
  const moves = moving.map(
    (move) =>
      `${name(move.source)} → ${name(move.destination)} ${secondsOf(time - move.from)} of ${secondsOf(move.to - move.from)}`,
  )
  const holders = held.map((stay) => name(stay.host))
  const some = (/** @type {string[]} */ parts) => (parts.length === 0 ? '' : `: ${listed(parts, 6)}`)
  return [
    `At ${clockOf(time)} (${secondsOf(time)})`,
    `Overloaded ${over.length}${some(over)}`,
    `Migrations under way ${moves.length}${some(moves)}`,
    `Held by partitions ${holders.length}${some(holders)}`,
    ...(story.omitted > 0 ? [`${story.omitted} of the shortest intervals of this run are left out`] : []),
  ].join('\n')
}

const tableMax = 1000
/** @param {Story} story */
const tableOf = (story) => {
  const name = (/** @type {number} */ host) => story.hosts[host] ?? ''
  const rows = [
    ...story.overloads.map((stay) => ({ ...stay, what: 'overload', where: name(stay.host) })),
    ...story.moves.map((move) => ({
      ...move,
      what: 'migration',
      where: `${name(move.source)} → ${name(move.destination)}`,
    })),
  ].sort((a, b) => a.from - b.from)
  const table = document.createElement('table')
  const caption = table.createCaption()
  caption.textContent = `${story.title}${rows.length > tableMax ? `: the first ${tableMax} of ${rows.length}` : ''}`
  for (const cells of [
    ['From, s', 'To, s', 'What', 'Where'],
    ...rows
      .slice(0, tableMax)
      .map((row) => [String(row.from / 10), String(row.to / 10), row.what, row.where]),
  ]) {
    const line = table.insertRow()
    for (const cell of cells) line.insertCell().textContent = cell
  }
  return table
}

/** @param {HTMLElement} section */
export const createTimelinePlayer = (section) => {
  /** @param {string} role @returns {any} */
  const part = (role) => section.querySelector(`[data-role="${role}"]`)
  const stage = /** @type {HTMLElement} */ (section.querySelector('.stage'))
  const charts = [createChart(part('pane')), createChart(part('otherPane'))]
  const choices = [part('run'), part('other')]
  const slider = part('time')
  /** @type {(Story | null)[]} */
  const stories = [null, null]
  let time = 0
  let playing = false
  let before = 0

  const end = () => Math.max(1, ...stories.map((story) => story?.end ?? 0))
  /** The part of the run that is shown: all of it, or so much around the cursor. */
  const windowOf = () => {
    const span = Number(part('span').value) * 10
    if (span === 0 || span >= end()) return { from: 0, to: end(), time }
    const from = Math.max(0, Math.min(end() - span, time - span / 2))
    return { from, to: from + span, time }
  }

  let asked = false
  const draw = () => {
    asked = false
    const glance = windowOf()
    slider.value = String(Math.round(time))
    slider.setAttribute('aria-valuetext', `${secondsOf(time)}`)
    charts.forEach((chart, i) => {
      const story = stories[i] ?? null
      if (story === null) return
      chart.draw(glance)
      chart.say(`${story.title}\n${wordsOf(story, time)}`)
    })
  }
  const ask = () => {
    if (asked) return
    asked = true
    requestAnimationFrame(draw)
  }
  /** @param {number} to */
  const go = (to) => {
    time = Math.max(0, Math.min(end(), to))
    ask()
  }
  /** @param {boolean} on */
  const play = (on) => {
    playing = on
    part('play').textContent = on ? 'Pause' : 'Play'
    if (!on) return
    if (time >= end()) time = 0
    before = performance.now()
    requestAnimationFrame(tick)
  }
  /** @param {number} now */
  const tick = (now) => {
    if (!playing) return
    go(time + (Math.max(0, now - before) / 100) * Number(part('speed').value))
    before = now
    if (time >= end()) play(false)
    else requestAnimationFrame(tick)
  }
  /** @param {1 | -1} direction */
  const jump = (direction) => {
    const ends = stories.flatMap((story) => (story === null ? [] : [eventFrom(story, time, direction)]))
    go(direction === 1 ? Math.min(...ends) : Math.max(...ends))
  }
  const list = () => {
    const place = part('list').querySelector('div')
    if (part('list').open)
      place.replaceChildren(...stories.flatMap((story) => (story === null ? [] : [tableOf(story)])))
  }
  /** @param {number} i */
  const choose = (i) => {
    const element =
      choices[i] === null || choices[i].value === ''
        ? null
        : document.getElementById(`timeline-${choices[i].value}`)
    const story = element === null ? null : storyOf(JSON.parse(element.textContent ?? ''))
    stories[i] = story
    charts[i]?.show(story)
    slider.max = String(end())
    list()
    go(time)
  }

  choices.forEach((choice, i) => {
    choice?.addEventListener('change', () => choose(i))
  })
  part('play').addEventListener('click', () => play(!playing))
  part('previous').addEventListener('click', () => jump(-1))
  part('next').addEventListener('click', () => jump(1))
  part('span').addEventListener('change', ask)
  part('list').addEventListener('toggle', list)
  slider.addEventListener('input', () => go(Number(slider.value)))
  for (const chart of charts) {
    // While dragging, the window stands still: otherwise the picture would run away below the pointer.
    let held = windowOf()
    const drag = (/** @type {PointerEvent} */ event) =>
      go(held.from + chart.shareAt(event.clientX) * (held.to - held.from))
    chart.canvas.addEventListener('pointerdown', (event) => {
      held = windowOf()
      chart.canvas.setPointerCapture(event.pointerId)
      drag(event)
    })
    chart.canvas.addEventListener('pointermove', (event) => {
      if (chart.canvas.hasPointerCapture(event.pointerId)) drag(event)
    })
  }
  stage.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const second = event.shiftKey ? 100 : 10
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => go(time - second),
      ArrowRight: () => go(time + second),
      Home: () => go(0),
      End: () => go(end()),
      ' ': () => play(!playing),
      n: () => jump(1),
      p: () => jump(-1),
    }
    const act = keys[event.key]
    if (act === undefined) return
    event.preventDefault()
    act()
  })

  choose(0)
  choose(1)
  jump(1)
  return { draw: ask, drawNow: draw }
}
