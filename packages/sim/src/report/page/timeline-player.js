// @ts-check
/// <reference lib="dom" />
/** The timeline: one cursor over one run, or over two below each other. */
import { createChart } from './chart.js'
import { eventFrom, storyOf } from './moment.js'
import { secondsOf, tableOf, wordsOf } from './timeline-text.js'

/**
 * @typedef {import('./moment.js').Story} Story
 * @typedef {object} Player
 * @property {(role: string) => any} part  A control of the section, by its role.
 * @property {readonly ReturnType<typeof createChart>[]} charts
 * @property {(Story | null)[]} stories  What each chart shows.
 * @property {number} time  Where the cursor stands, tenths of a second.
 * @property {boolean} playing
 * @property {number} tickedAt  When the picture was moved on last, ms of the browser's clock.
 * @property {boolean} asked  A picture is asked for, and not drawn yet.
 */

/** @param {Player} player */
const endOf = ({ stories }) => Math.max(1, ...stories.map((story) => story?.end ?? 0))

/** The part of the run that is shown: all of it, or so much around the cursor. @param {Player} player */
const glanceOf = (player) => {
  const { part, time } = player
  const end = endOf(player)
  const span = Number(part('span').value) * 10
  if (span === 0 || span >= end) return { from: 0, to: end, time }
  const from = Math.max(0, Math.min(end - span, time - span / 2))
  return { from, to: from + span, time }
}

/** @param {Player} player */
const draw = (player) => {
  player.asked = false
  const { part, charts, stories, time } = player
  const glance = glanceOf(player)
  const slider = part('time')
  slider.value = String(Math.round(time))
  slider.setAttribute('aria-valuetext', `${secondsOf(time)}`)
  charts.forEach((chart, i) => {
    const story = stories[i] ?? null
    if (story === null) return
    chart.draw(glance)
    chart.say(`${story.title}\n${wordsOf(story, time)}`)
  })
}

/** @param {Player} player */
const askToDraw = (player) => {
  if (player.asked) return
  player.asked = true
  requestAnimationFrame(() => draw(player))
}

/** @param {Player} player @param {number} to */
const go = (player, to) => {
  player.time = Math.max(0, Math.min(endOf(player), to))
  askToDraw(player)
}

/** @param {Player} player @param {boolean} on */
const setPlaying = (player, on) => {
  player.playing = on
  player.part('play').textContent = on ? 'Pause' : 'Play'
  if (!on) return
  if (player.time >= endOf(player)) player.time = 0
  player.tickedAt = performance.now()
  requestAnimationFrame((now) => tick(player, now))
}

/** @param {Player} player @param {number} now */
const tick = (player, now) => {
  if (!player.playing) return
  go(player, player.time + (Math.max(0, now - player.tickedAt) / 100) * Number(player.part('speed').value))
  player.tickedAt = now
  if (player.time >= endOf(player)) setPlaying(player, false)
  else requestAnimationFrame((next) => tick(player, next))
}

/** To the next event, or the one before. @param {Player} player @param {1 | -1} direction */
const jump = (player, direction) => {
  const { stories, time } = player
  const ends = stories.flatMap((story) => (story === null ? [] : [eventFrom(story, time, direction)]))
  go(player, direction === 1 ? Math.min(...ends) : Math.max(...ends))
}

/** Fills the table while it is open. @param {Player} player */
const listEvents = ({ part, stories }) => {
  const place = part('list').querySelector('div')
  if (part('list').open)
    place.replaceChildren(...stories.flatMap((story) => (story === null ? [] : [tableOf(story)])))
}

/** Shows the run that is chosen for that chart. @param {Player} player @param {number} i @param {any} choice */
const choose = (player, i, choice) => {
  const element =
    choice === null || choice.value === '' ? null : document.getElementById(`timeline-${choice.value}`)
  const story = element === null ? null : storyOf(JSON.parse(element.textContent ?? ''))
  player.stories[i] = story
  player.charts[i]?.show(story)
  player.part('time').max = String(endOf(player))
  listEvents(player)
  go(player, player.time)
}

/** @param {Player} player */
const bindControls = (player) => {
  const { part } = player
  const slider = part('time')
  part('play').addEventListener('click', () => setPlaying(player, !player.playing))
  part('previous').addEventListener('click', () => jump(player, -1))
  part('next').addEventListener('click', () => jump(player, 1))
  part('span').addEventListener('change', () => askToDraw(player))
  part('list').addEventListener('toggle', () => listEvents(player))
  slider.addEventListener('input', () => go(player, Number(slider.value)))
}

/** The cursor follows the pointer. @param {Player} player @param {Player['charts'][number]} chart */
const bindPointer = (player, chart) => {
  // While dragging, the window stands still: otherwise the picture would run away below the pointer.
  let held = glanceOf(player)
  const drag = (/** @type {PointerEvent} */ event) =>
    go(player, held.from + chart.shareAt(event.clientX) * (held.to - held.from))
  chart.canvas.addEventListener('pointerdown', (event) => {
    held = glanceOf(player)
    chart.canvas.setPointerCapture(event.pointerId)
    drag(event)
  })
  chart.canvas.addEventListener('pointermove', (event) => {
    if (chart.canvas.hasPointerCapture(event.pointerId)) drag(event)
  })
}

/** @param {Player} player @param {HTMLElement} stage */
const bindKeys = (player, stage) =>
  stage.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const second = event.shiftKey ? 100 : 10
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => go(player, player.time - second),
      ArrowRight: () => go(player, player.time + second),
      Home: () => go(player, 0),
      End: () => go(player, endOf(player)),
      ' ': () => setPlaying(player, !player.playing),
      n: () => jump(player, 1),
      p: () => jump(player, -1),
    }
    const act = keys[event.key]
    if (act === undefined) return
    event.preventDefault()
    act()
  })

/** @param {HTMLElement} section */
export const createTimelinePlayer = (section) => {
  /** @param {string} role @returns {any} */
  const part = (role) => section.querySelector(`[data-role="${role}"]`)
  /** @type {Player} */
  const player = {
    part,
    charts: [createChart(part('pane')), createChart(part('otherPane'))],
    stories: [null, null],
    time: 0,
    playing: false,
    tickedAt: 0,
    asked: false,
  }
  const choices = [part('run'), part('other')]
  for (const [i, choice] of choices.entries())
    choice?.addEventListener('change', () => choose(player, i, choice))
  bindControls(player)
  for (const chart of player.charts) bindPointer(player, chart)
  bindKeys(player, /** @type {HTMLElement} */ (section.querySelector('.stage')))
  for (const [i, choice] of choices.entries()) choose(player, i, choice)
  jump(player, 1)
  return { draw: () => askToDraw(player), drawNow: () => draw(player) }
}
