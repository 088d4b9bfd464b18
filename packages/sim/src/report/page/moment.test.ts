/**
 * Scrubbing through a run shows which hosts are overloaded and what moves at that very moment; the keys for the next and
 * the previous event stop at each of them once.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clockOf, crowdOf, eventFrom, momentOf, storyOf } from './moment.js'

/** h0 is overloaded from 1 s to 3 s; h1 from 2 s to 5 s; a VM leaves h0 for h2 from 1.5 s to 3 s; both are held. */
const story = storyOf({
  title: 'a run',
  hosts: ['h0', 'h1', 'h2'],
  end: 100,
  overloads: [0, 10, 30, 1, 20, 50],
  held: [0, 15, 30, 2, 15, 30],
  migrations: [0, 2, 15, 30],
  omitted: 0,
})

test('a moment has what began by then and has not ended', () => {
  const { overloaded, held, moving } = momentOf(story, 20)
  assert.deepEqual(
    overloaded.map(({ host }) => host),
    [0, 1],
  )
  assert.deepEqual(
    held.map(({ host }) => host),
    [0, 2],
  )
  assert.deepEqual(moving, [{ source: 0, destination: 2, from: 15, to: 30 }])
  assert.deepEqual(
    momentOf(story, 30).overloaded.map(({ host }) => host),
    [1],
  )
  assert.deepEqual(momentOf(story, 99), { overloaded: [], held: [], moving: [] })
})

test('events forth and back, each once, and then the edges of the run', () => {
  const forth = [0]
  while (forth.at(-1)! < story.end) forth.push(eventFrom(story, forth.at(-1)!, 1))
  assert.deepEqual(forth, [0, 10, 15, 20, 100])
  assert.equal(eventFrom(story, 20, -1), 15)
  assert.equal(eventFrom(story, 5, -1), 0)
})

test('how many are overloaded, at every change', () => {
  assert.deepEqual(crowdOf(story.overloads), [
    [0, 0],
    [10, 1],
    [20, 2],
    [30, 1],
    [50, 0],
  ])
})

test('times as people read them', () => {
  assert.equal(clockOf(7545), '12:34.5')
  assert.equal(clockOf(0), '0:00.0')
})
