/** What is too large for one message is not handed over, and an operator hears of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asHostId, type LoadSummary, limits, type Message } from '@drover/protocol'
import { silentLog } from './log-port.ts'
import { createOutbound } from './outbound.ts'

const to = asHostId('beta')
const busy = (holder: string): Message =>
  ({ kind: 'busy', incarnation: 1, holder, retryMs: 1 }) as unknown as Message

test('a message that is too large is dropped with a warning, and the next one goes', () => {
  const sent: number[] = []
  const warned: string[] = []
  const outbound = createOutbound(
    { send: (_, bytes) => void sent.push(bytes.length), publish: () => {} },
    (code, text) => void warned.push(`${code}: ${text}`),
    silentLog,
  )
  outbound.send(to, busy('x'.repeat(limits.messageBytesMax)))
  assert.deepEqual(sent, [])
  assert.match(warned[0] ?? '', /^wire\.too_large: a message 'busy' to beta has \d+ bytes, more than/)
  outbound.send(to, busy('x'))
  assert.equal(sent.length, 1)
  assert.equal(warned.length, 1)
})

test('a summary that no other host would take is dropped with a warning', () => {
  const published: Uint8Array[] = []
  const warned: string[] = []
  const outbound = createOutbound(
    { send: () => {}, publish: (bytes) => void published.push(bytes) },
    (code, text) => void warned.push(`${code}: ${text}`),
    silentLog,
  )
  outbound.publish({ name: 'x'.repeat(limits.summaryBytesMax) } as unknown as LoadSummary)
  assert.equal(published.length, 0)
  assert.match(warned[0] ?? '', /^wire\.too_large: the load summary has \d+ bytes, more than/)
  outbound.publish({ name: 'x' } as unknown as LoadSummary)
  assert.equal(published.length, 1)
})
