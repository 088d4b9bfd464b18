// @ts-check
/// <reference lib="dom" />
/**
 * The picture of a run: one row per host, time from left to right; above the rows, how many hosts are overloaded.
 *
 * @typedef {import('./moment.js').Story} Story
 * @typedef {{readonly from: number, readonly to: number, readonly time: number}} Glance  What is shown, and the cursor.
 */
import { crowdOf, momentOf } from './moment.js'

const gutter = { left: 84, right: 22, top: 52, bottom: 26 }
const stripHeight = 40

/** @param {Story} story */
const rowHeightOf = (story) => Math.max(2, Math.min(12, Math.floor(640 / Math.max(1, story.hosts.length))))

/** @param {HTMLCanvasElement} canvas */
const inksOf = (canvas) => {
  const style = getComputedStyle(canvas)
  const ink = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim()
  return {
    text: ink('text'),
    faint: ink('faint'),
    line: ink('line'),
    overload: ink('overload'),
    held: ink('held'),
    move: ink('move'),
    font: `11px ${style.fontFamily}`,
  }
}

/** Seconds between two marks of the axis. @param {number} span in tenths */
const stepOf = (span) =>
  [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400].find((s) => span / 10 / s <= 12) ?? 28800

/** From a point to another, with a head. @param {CanvasRenderingContext2D} pen
 * @param {number} x @param {number} y0 @param {number} y1 */
const arrow = (pen, x, y0, y1) => {
  const bulge = Math.min(60, 14 + Math.abs(y1 - y0) / 6)
  pen.beginPath()
  pen.moveTo(x, y0)
  pen.quadraticCurveTo(x + bulge, (y0 + y1) / 2, x + 4, y1)
  pen.stroke()
  pen.beginPath()
  pen.moveTo(x, y1)
  pen.lineTo(x + 9, y1 - 4)
  pen.lineTo(x + 9, y1 + 4)
  pen.fill()
}

/** @param {HTMLElement} pane */
export const createChart = (pane) => {
  const canvas = document.createElement('canvas')
  canvas.setAttribute('role', 'img')
  const said = document.createElement('p')
  said.className = 'readout'
  pane.append(said, canvas)
  /** @type {Story | null} */
  let story = null
  /** @type {[number, number][]} */
  let crowd = []

  /** @param {Glance} glance */
  const draw = (glance) => {
    if (story === null) return
    const { hosts, overloads, held, moves } = story
    const rowHeight = rowHeightOf(story)
    const width = canvas.clientWidth
    const height = gutter.top + hosts.length * rowHeight + gutter.bottom
    const sharp = window.devicePixelRatio || 1
    if (canvas.width !== Math.round(width * sharp) || canvas.height !== Math.round(height * sharp)) {
      canvas.width = Math.round(width * sharp)
      canvas.height = Math.round(height * sharp)
    }
    const pen = canvas.getContext('2d')
    if (pen === null) return
    const inks = inksOf(canvas)
    const right = width - gutter.right
    const bottom = gutter.top + hosts.length * rowHeight
    const x = (/** @type {number} */ at) =>
      gutter.left + ((at - glance.from) / (glance.to - glance.from)) * (right - gutter.left)
    const y = (/** @type {number} */ host) => gutter.top + host * rowHeight
    const seen = (/** @type {{from: number, to: number}} */ { from, to }) =>
      to >= glance.from && from <= glance.to
    pen.setTransform(sharp, 0, 0, sharp, 0, 0)
    pen.clearRect(0, 0, width, height)
    pen.font = inks.font
    pen.textBaseline = 'middle'

    // Axis and names.
    pen.strokeStyle = inks.line
    pen.fillStyle = inks.faint
    pen.lineWidth = 1
    pen.textAlign = 'center'
    const step = stepOf(glance.to - glance.from) * 10
    for (let at = Math.ceil(glance.from / step) * step; at <= glance.to; at += step) {
      pen.beginPath()
      pen.moveTo(x(at), 8)
      pen.lineTo(x(at), bottom)
      pen.stroke()
      pen.fillText(`${at / 10}`, x(at), bottom + 8)
    }
    pen.fillText('time, s', (gutter.left + right) / 2, bottom + 20)
    pen.textAlign = 'right'
    const every = Math.ceil(12 / rowHeight)
    for (let host = 0; host < hosts.length; host += every)
      pen.fillText((hosts[host] ?? '').slice(0, 13), gutter.left - 6, y(host) + rowHeight / 2)
    const most = Math.max(1, ...crowd.map(([, count]) => count))
    pen.fillText('overloaded', gutter.left - 6, 16)
    pen.fillText(`hosts (≤ ${most})`, gutter.left - 6, 30)

    pen.save()
    pen.beginPath()
    pen.rect(gutter.left, 0, right - gutter.left, bottom)
    pen.clip()

    // Stripes, so that the eye finds a name's row.
    pen.fillStyle = inks.line
    pen.globalAlpha = 0.35
    for (let host = 0; host < hosts.length; host += 2 * every)
      pen.fillRect(
        gutter.left,
        y(host),
        right - gutter.left,
        rowHeight * Math.min(every, hosts.length - host),
      )
    pen.globalAlpha = 1

    // How many are overloaded.
    pen.fillStyle = inks.overload
    crowd.forEach(([at, count], i) => {
      const until = crowd[i + 1]?.[0] ?? glance.to
      const tall = (count / most) * (stripHeight - 4)
      if (count > 0 && until >= glance.from)
        pen.fillRect(x(at), 4 + stripHeight - 4 - tall, Math.max(0.7, x(until) - x(at)), tall)
    })

    // Rows: who is held, who is overloaded.
    pen.fillStyle = inks.held
    for (const stay of held)
      if (seen(stay))
        pen.fillRect(
          x(stay.from),
          y(stay.host),
          Math.max(1, x(stay.to) - x(stay.from)),
          Math.max(1, rowHeight - 0.5),
        )
    pen.fillStyle = inks.overload
    for (const stay of overloads)
      if (seen(stay)) {
        const inset = rowHeight > 5 ? 2 : 0
        pen.fillRect(
          x(stay.from),
          y(stay.host) + inset,
          Math.max(1.5, x(stay.to) - x(stay.from)),
          Math.max(1.5, rowHeight - 2 * inset - 0.5),
        )
      }

    // Migrations, from their begin at the source to their end at the destination.
    const middle = (/** @type {number} */ host) => y(host) + rowHeight / 2
    pen.strokeStyle = inks.move
    pen.globalAlpha = 0.65
    for (const move of moves)
      if (seen(move)) {
        pen.beginPath()
        pen.moveTo(x(move.from), middle(move.source))
        pen.lineTo(x(move.to), middle(move.destination))
        pen.stroke()
      }
    pen.globalAlpha = 1
    pen.fillStyle = inks.move
    for (const move of moves)
      if (seen(move)) {
        pen.beginPath()
        pen.arc(x(move.to), middle(move.destination), 2, 0, 2 * Math.PI)
        pen.fill()
      }

    // The cursor, and what happens there.
    const at = x(glance.time)
    pen.strokeStyle = inks.text
    pen.beginPath()
    pen.moveTo(at, 0)
    pen.lineTo(at, bottom)
    pen.stroke()
    pen.strokeStyle = inks.move
    pen.lineWidth = 2
    for (const move of momentOf(story, glance.time).moving)
      arrow(pen, at, middle(move.source), middle(move.destination))
    pen.restore()
  }

  return {
    draw,
    /** @param {Story | null} next */
    show(next) {
      story = next
      crowd = next === null ? [] : crowdOf(next.overloads)
      canvas.setAttribute('aria-label', next === null ? '' : `Timeline of ${next.title}`)
      pane.hidden = next === null
    },
    /** @param {string} text */
    say(text) {
      said.textContent = text
    },
    /** Share of the shown time at that place on the screen, 0 … 1. @param {number} clientX */
    shareAt(clientX) {
      const box = canvas.getBoundingClientRect()
      const share = (clientX - box.left - gutter.left) / (box.width - gutter.left - gutter.right)
      return Math.max(0, Math.min(1, share))
    },
    canvas,
  }
}
