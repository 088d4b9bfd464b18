/** What an operator reads in the log of one overload, and what is left out of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AgentEvent } from './agent-port.ts'
import { logEvent } from './event-log.ts'
import { createLog } from './log.ts'
import { action, decision, host } from './testing/fixtures.ts'

const linesOf = (events: readonly AgentEvent[]): readonly Record<string, unknown>[] => {
  const lines: string[] = []
  const log = createLog({ level: 'info', pretty: false, to: { write: (line) => lines.push(line) } })
  for (const event of events) logEvent(log, event)
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

// What journald gets of one cured overload: one line for the decision, one for the move, and nothing else.
test('INFO is one line per decision and per move', () => {
  const moved = { kind: 'moved', action: action(1), vm: 'vm-1', peer: host('b'), durationMs: 1_240 } as const
  const lines = linesOf([
    { kind: 'decision', decision: decision(1, { result: 'running' }) },
    { kind: 'moving', action: action(1), vm: 'vm-1', peer: host('b') },
    { kind: 'progress', vm: 'vm-1', transferredMiB: 1, remainingMiB: 2 },
    { ...moved, result: { kind: 'done', transferredMiB: 3, downtimeMs: 4 } },
    { kind: 'decision', decision: decision(1) },
    { kind: 'decision', decision: decision(1, { asMember: true }) },
    { kind: 'solved', answer: 'plan', durationMs: 3 },
  ])
  assert.deepEqual(
    lines.map(({ level, msg, decision, vm, peer, code }) => ({ level, msg, decision, vm, peer, code })),
    [
      { level: 'info', msg: 'migrated in 1.2 s', decision: 'a.1.1', vm: 'vm-1', peer: 'b', code: null },
      {
        level: 'info',
        msg: 'overload.cpu: cured: moved web to beta',
        decision: 'a.1.1',
        vm: undefined,
        peer: undefined,
        code: null,
      },
    ],
  )
})

// A move that did not end well carries its code; a warning is louder.
test('a migration that failed is logged with its code', () => {
  const lines = linesOf([
    {
      kind: 'moved',
      action: action(2),
      vm: 'v',
      peer: host('b'),
      durationMs: 1,
      result: { kind: 'refused', code: 'migration.failed', detail: 'no route' },
    },
    { kind: 'operating', action: action(3), vm: 'v', operation: 'suspend' },
    {
      kind: 'operated',
      action: action(3),
      vm: 'v',
      operation: 'suspend',
      durationMs: 2_100,
      result: { kind: 'done' },
    },
    {
      kind: 'operated',
      action: action(4),
      vm: 'v',
      operation: 'start',
      durationMs: 1,
      result: { kind: 'unknown', code: 'hypervisor.timeout', detail: 'silence' },
    },
    { kind: 'warning', code: 'journal.full', text: 'no space', vm: null },
  ])
  assert.deepEqual(
    lines.map(({ level, msg, code }) => [level, msg, code]),
    [
      ['info', 'not migrated (refused): no route', 'migration.failed'],
      ['info', 'suspend: 2.1 s', null],
      ['info', 'start: unknown: silence', 'hypervisor.timeout'],
      ['warn', 'no space', 'journal.full'],
    ],
  )
})
