// @ts-check
/// <reference lib="dom" />
/**
 * Where things are in the picture of a run, and the inks they are drawn in.
 *
 * @typedef {import('./moment.js').Story} Story
 * @typedef {{readonly from: number, readonly to: number, readonly time: number}} Glance  What is shown, and the cursor.
 * @typedef {ReturnType<typeof frameOf>} Frame
 */

export const gutter = { left: 84, right: 22, top: 52, bottom: 26 }

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

/** @param {Story} story */
const rowHeightOf = (story) => Math.max(2, Math.min(12, Math.floor(640 / Math.max(1, story.hosts.length))))

/** As many pixels as the screen has below the canvas. @param {HTMLCanvasElement} canvas @param {number} width
 * @param {number} height @param {number} sharp */
const resize = (canvas, width, height, sharp) => {
  const [wide, tall] = [Math.round(width * sharp), Math.round(height * sharp)]
  if (canvas.width === wide && canvas.height === tall) return
  canvas.width = wide
  canvas.height = tall
}

/** Makes the canvas empty and says where things go; null where it cannot be drawn on.
 * @param {HTMLCanvasElement} canvas @param {Story} story @param {Glance} glance */
export const frameOf = (canvas, story, glance) => {
  const rowHeight = rowHeightOf(story)
  const width = canvas.clientWidth
  const bottom = gutter.top + story.hosts.length * rowHeight
  const height = bottom + gutter.bottom
  const sharp = window.devicePixelRatio || 1
  resize(canvas, width, height, sharp)
  const pen = canvas.getContext('2d')
  if (pen === null) return null
  const inks = inksOf(canvas)
  const right = width - gutter.right
  pen.setTransform(sharp, 0, 0, sharp, 0, 0)
  pen.clearRect(0, 0, width, height)
  pen.font = inks.font
  pen.textBaseline = 'middle'
  const y = (/** @type {number} */ host) => gutter.top + host * rowHeight
  return {
    pen,
    inks,
    glance,
    rowHeight,
    /** Names are written for one of so many hosts. */
    nameEvery: Math.ceil(12 / rowHeight),
    right,
    bottom,
    x: (/** @type {number} */ at) =>
      gutter.left + ((at - glance.from) / (glance.to - glance.from)) * (right - gutter.left),
    y,
    middle: (/** @type {number} */ host) => y(host) + rowHeight / 2,
    seen: (/** @type {{from: number, to: number}} */ { from, to }) => to >= glance.from && from <= glance.to,
  }
}
