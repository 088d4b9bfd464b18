// @ts-check
/// <reference lib="dom" />
/** What the page does: says what is under the pointer, picks out one algorithm in all plots, and plays the timeline. */
import { createTimelinePlayer } from './timeline-player.js'

const tip = document.createElement('div')
tip.className = 'tip'
tip.hidden = true
document.body.append(tip)

/** @param {EventTarget | null} target @param {string} attribute */
const bearing = (target, attribute) => (target instanceof Element ? target.closest(`[${attribute}]`) : null)

document.addEventListener('pointermove', (event) => {
  const text = bearing(event.target, 'data-tip')?.getAttribute('data-tip') ?? ''
  tip.hidden = text === ''
  if (tip.hidden) return
  tip.textContent = text
  const left = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8)
  const above = event.clientY + 20 + tip.offsetHeight > window.innerHeight
  tip.style.left = `${Math.max(4, left)}px`
  tip.style.top = `${above ? event.clientY - tip.offsetHeight - 10 : event.clientY + 18}px`
})

/** Whoever points at an algorithm sees it picked out in every plot of the page. */
const style = document.createElement('style')
document.head.append(style)
document.addEventListener('pointerover', (event) => {
  const algorithm = bearing(event.target, 'data-algorithm')?.getAttribute('data-algorithm') ?? null
  style.textContent =
    algorithm === null
      ? ''
      : `figure [data-algorithm]:not([data-algorithm=${JSON.stringify(algorithm)}]) { opacity: 0.18 }`
})

const section = document.getElementById('timeline-player')
const player = section === null ? null : createTimelinePlayer(section)
window.addEventListener('resize', () => player?.draw())
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => player?.draw())
// Paper is white: the picture is drawn again in the inks of the light page, before it is printed.
window.addEventListener('beforeprint', () => {
  document.documentElement.dataset['paper'] = ''
  player?.drawNow()
})
window.addEventListener('afterprint', () => {
  delete document.documentElement.dataset['paper']
  player?.drawNow()
})
