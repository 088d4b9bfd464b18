// An answer is heard in the moment in which it is given, by all that waited and all that ask later.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answered, createAnswer, failed } from './answer.ts'

test('a listener hears it at once, a later one, too, and only the first answer counts', () => {
  const heard: string[] = []
  const answer = createAnswer<number>()
  answer.then((value) => heard.push(`early ${value}`))
  heard.push('asked')
  answer.give(1)
  answer.give(2)
  answer.then((value) => heard.push(`late ${value}`))
  assert.deepEqual(heard, ['asked', 'early 1', 'late 1'])
})

test('a failure reaches listeners for failures, and others pass it on', () => {
  const heard: unknown[] = []
  failed<number>('lost')
    .then((value) => heard.push(value))
    .then(null, (error) => heard.push(error))
  assert.deepEqual(heard, ['lost'])
})

test('it can be followed like a promise, and awaited like one', async () => {
  const heard: number[] = []
  answered(1)
    .then((value) => answered(value + 1))
    .then((value) => heard.push(value))
  assert.deepEqual(heard, [2])
  assert.equal(await answered('x'), 'x')
  await assert.rejects(async () => await failed(new Error('lost')), /lost/)
})
