/** What the mutation operators do to code, which of it is drawn, and what a share of the drawn ones says. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { faultOf } from '../all-faults.ts'
import { sow } from '../pattern.ts'
import { drawMutants, mutantsOf } from './mutants.ts'
import { shareOf } from './share.ts'

const packages = join(import.meta.dirname, '../../../packages')

const code = `
const judge = (hosts: Host[], state: State) => {
  assert(state.a < 1, \`never \${state.a + 1}\`)
  if (state.a > 0 && hosts.some(isFull)) state.seen.push(hosts)
  const left = { ...state, a: state.a + 1, b }
  return [left, ...hosts.filter(isFree)]
}
`

const sown = (operator: string): readonly string[] =>
  mutantsOf('peer.ts', code)
    .filter((one) => one.operator === operator)
    .map((one) => {
      const line = sow(one, code).split('\n')[one.line - 1]
      assert.notEqual(line, undefined)
      return line?.trim() ?? ''
    })

test('each operator changes what it is for, and nothing that is only asserted or said', () => {
  const condition = 'state.a > 0 && hosts.some(isFull)'
  const push = 'state.seen.push(hosts)'
  assert.deepEqual(sown('negated condition'), [`if (!((${condition}))) ${push}`])
  assert.deepEqual(sown('condition that never holds'), [`if (false) ${push}`])
  assert.deepEqual(sown('comparison at its edge, or turned round'), [
    `if (state.a >= 0 && hosts.some(isFull)) ${push}`,
  ])
  assert.deepEqual(sown('one side of a condition'), [
    `if ((state.a > 0)) ${push}`,
    `if ((hosts.some(isFull))) ${push}`,
  ])
  assert.deepEqual(sown('sum turned round'), ['const left = { ...state, a: state.a - (1), b }'])
  assert.deepEqual(sown('statement left out'), [`if (${condition}) ;`])
  assert.deepEqual(sown('change of a copy forgotten'), [
    'const left = { ...state, b }',
    'const left = { ...state, a: state.a + 1 }',
  ])
  assert.deepEqual(sown('item of a list forgotten'), ['return [...hosts.filter(isFree)]', 'return [left]'])
  assert.deepEqual(sown('filter left out'), ['return [left, ...hosts]'])
  assert.deepEqual(sown('all for some, or some for all'), [`if (state.a > 0 && hosts.every(isFull)) ${push}`])
})

test('the same draw gives the same mutants; each changes its file, and is found again by its name', async () => {
  const drawn = drawMutants(7, 6)
  assert.deepEqual(drawn, drawMutants(7, 6))
  assert.notDeepEqual(drawn, drawMutants(8, 6))
  assert.equal(new Set(drawn.map(({ file }) => file)).size > 2, true)
  for (const fault of drawn) {
    const text = readFileSync(join(packages, fault.file), 'utf8')
    assert.notEqual(sow(fault, text), text)
    assert.deepEqual(await faultOf(fault.id), fault)
    assert.throws(() => sow(fault, ` ${text}`), /it is another text/)
  }
})

test('a share has the interval of Wilson', () => {
  const { share, low, high } = shareOf(8, 10)
  assert.deepEqual(
    [share, low, high].map((one) => one.toFixed(3)),
    ['0.800', '0.490', '0.943'],
  )
  assert.equal(shareOf(0, 5).low, 0)
  assert.equal(shareOf(5, 5).high, 1)
})
