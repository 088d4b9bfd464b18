// @ts-check
/// <reference lib="dom" />
/**
 * What is drawn in the picture of a run, one layer over another.
 *
 * @typedef {NonNullable<import('./chart-frame.js').Frame>} Drawing
 * @typedef {import('./moment.js').Story} Story
 * @typedef {import('./moment.js').Move} Move
 * @typedef {readonly (readonly [number, number])[]} Crowd  How many hosts are overloaded: [time, count] at each change.
 */
import { gutter } from './chart-frame.js'

const stripHeight = 40

/** Seconds between two marks of the axis. @param {number} span in tenths */
const stepOf = (span) =>
  [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400].find((s) => span / 10 / s <= 12) ?? 28800

/** @param {Crowd} crowd */
const mostOf = (crowd) => Math.max(1, ...crowd.map(([, count]) => count))

/** The axis of time, and the names. @param {Drawing} drawing @param {readonly string[]} hosts @param {Crowd} crowd */
export const drawAxes = ({ pen, inks, glance, right, bottom, nameEvery, x, middle }, hosts, crowd) => {
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
  for (let host = 0; host < hosts.length; host += nameEvery)
    pen.fillText((hosts[host] ?? '').slice(0, 13), gutter.left - 6, middle(host))
  pen.fillText('overloaded', gutter.left - 6, 16)
  pen.fillText(`hosts (≤ ${mostOf(crowd)})`, gutter.left - 6, 30)
}

/** Nothing is drawn over the names from now on, until the pen is restored. @param {Drawing} drawing */
export const clipToRows = ({ pen, right, bottom }) => {
  pen.save()
  pen.beginPath()
  pen.rect(gutter.left, 0, right - gutter.left, bottom)
  pen.clip()
}

/** Stripes, so that the eye finds a name's row. @param {Drawing} drawing @param {number} hosts */
export const drawStripes = ({ pen, inks, right, rowHeight, nameEvery, y }, hosts) => {
  pen.fillStyle = inks.line
  pen.globalAlpha = 0.35
  for (let host = 0; host < hosts; host += 2 * nameEvery)
    pen.fillRect(gutter.left, y(host), right - gutter.left, rowHeight * Math.min(nameEvery, hosts - host))
  pen.globalAlpha = 1
}

/** How many hosts are overloaded, above the rows. @param {Drawing} drawing @param {Crowd} crowd */
export const drawCrowd = ({ pen, inks, glance, x }, crowd) => {
  const most = mostOf(crowd)
  pen.fillStyle = inks.overload
  crowd.forEach(([at, count], i) => {
    const until = crowd[i + 1]?.[0] ?? glance.to
    const tall = (count / most) * (stripHeight - 4)
    if (count > 0 && until >= glance.from)
      pen.fillRect(x(at), 4 + stripHeight - 4 - tall, Math.max(0.7, x(until) - x(at)), tall)
  })
}

/** Which hosts are held, and which are overloaded. @param {Drawing} drawing @param {Story} story */
export const drawStays = ({ pen, inks, rowHeight, x, y, seen }, { held, overloads }) => {
  pen.fillStyle = inks.held
  for (const stay of held.filter(seen))
    pen.fillRect(
      x(stay.from),
      y(stay.host),
      Math.max(1, x(stay.to) - x(stay.from)),
      Math.max(1, rowHeight - 0.5),
    )
  const inset = rowHeight > 5 ? 2 : 0
  pen.fillStyle = inks.overload
  for (const stay of overloads.filter(seen))
    pen.fillRect(
      x(stay.from),
      y(stay.host) + inset,
      Math.max(1.5, x(stay.to) - x(stay.from)),
      Math.max(1.5, rowHeight - 2 * inset - 0.5),
    )
}

/** Migrations, from their begin at the source to their end at the destination.
 * @param {Drawing} drawing @param {readonly Move[]} moves */
export const drawMoves = ({ pen, inks, x, middle, seen }, moves) => {
  const shown = moves.filter(seen)
  pen.strokeStyle = inks.move
  pen.globalAlpha = 0.65
  for (const move of shown) {
    pen.beginPath()
    pen.moveTo(x(move.from), middle(move.source))
    pen.lineTo(x(move.to), middle(move.destination))
    pen.stroke()
  }
  pen.globalAlpha = 1
  pen.fillStyle = inks.move
  for (const move of shown) {
    pen.beginPath()
    pen.arc(x(move.to), middle(move.destination), 2, 0, 2 * Math.PI)
    pen.fill()
  }
}

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

/** The cursor, and the migrations under way there. @param {Drawing} drawing @param {readonly Move[]} moving */
export const drawCursor = ({ pen, inks, glance, bottom, x, middle }, moving) => {
  const at = x(glance.time)
  pen.strokeStyle = inks.text
  pen.beginPath()
  pen.moveTo(at, 0)
  pen.lineTo(at, bottom)
  pen.stroke()
  pen.strokeStyle = inks.move
  pen.lineWidth = 2
  for (const move of moving) arrow(pen, at, middle(move.source), middle(move.destination))
}
