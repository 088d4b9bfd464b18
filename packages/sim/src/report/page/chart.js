// @ts-check
/// <reference lib="dom" />
/**
 * The picture of a run: one row per host, time from left to right; above the rows, how many hosts are overloaded.
 *
 * @typedef {import('./moment.js').Story} Story
 * @typedef {import('./chart-frame.js').Glance} Glance
 */
import { frameOf, gutter } from './chart-frame.js'
import {
  clipToRows,
  drawAxes,
  drawCrowd,
  drawCursor,
  drawMoves,
  drawStays,
  drawStripes,
} from './chart-layers.js'
import { crowdOf, momentOf } from './moment.js'

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

  return {
    /** @param {Glance} glance */
    draw(glance) {
      const drawing = story === null ? null : frameOf(canvas, story, glance)
      if (story === null || drawing === null) return
      drawAxes(drawing, story.hosts, crowd)
      clipToRows(drawing)
      drawStripes(drawing, story.hosts.length)
      drawCrowd(drawing, crowd)
      drawStays(drawing, story)
      drawMoves(drawing, story.moves)
      drawCursor(drawing, momentOf(story, glance.time).moving)
      drawing.pen.restore()
    },
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
