/** What Prometheus gets of a day of one host, and what it must never get: names of VMs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Agent, AgentEvent } from './agent-port.ts'
import { createMetrics } from './metrics.ts'
import { emptyView } from './testing/fakes.ts'
import { action, decision, host, vmId } from './testing/fixtures.ts'

/** An agent that only tells and shows. */
const shown = () => {
  const listeners = new Set<(event: AgentEvent) => void>()
  const agent: Agent = {
    host: host('a'),
    waiting: 0,
    start: async () => {},
    stop: async () => {},
    kill() {},
    command: async () => ({ kind: 'ok', text: '', decision: null }),
    history: () => [],
    events(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    status: () => ({
      view: {
        ...emptyView,
        usable: { cpuMilli: 1_000, memoryMiB: 4_000 },
        demand: { cpuMilli: 1_250, memoryMiB: 1_000 },
        troubles: ['journal.full'],
        able: false,
        migrations: [
          {
            action: action(9),
            vm: vmId('v'),
            name: 'v',
            direction: 'out',
            peer: host('b'),
            phase: 'moving',
            sinceMs: 1,
          },
        ],
        alarms: [{ code: 'vm.paused_by_migration', text: 'web1', vm: vmId('web1'), sinceMs: 1 }],
      },
      hypervisor: { driver: 'fake', connected: true, trouble: null, version: 'fake 1' },
      transport: {
        messagesIn: 11,
        messagesOut: 12,
        bytesIn: 13,
        bytesOut: 14,
        garbage: 15,
        strangers: 16,
        undelivered: 17,
      },
      peersConnected: 3,
      journal: { healthy: false, bytes: 4_096 },
      addresses: [],
      startedAtWallMs: 0,
      incarnation: 1,
    }),
  }
  const tell = (event: AgentEvent) => {
    for (const listener of listeners) listener(event)
  }
  return { agent, tell }
}

// A day of one host: a decision is told as it begins and ends, and again after it ended; one VM leaves, one stays.
test('decisions and moves are counted once, by reason and result', async () => {
  const { agent, tell } = shown()
  const metrics = createMetrics(agent, { runtime: false })
  tell({ kind: 'decision', decision: decision(1, { result: 'running' }) })
  for (let i = 0; i < 2; i += 1) tell({ kind: 'decision', decision: decision(1) })
  tell({ kind: 'decision', decision: decision(2, { asMember: true, reason: 'drain' }) })
  tell({ kind: 'decision', decision: decision(3, { result: 'failed', code: 'partition.busy' }) })
  const moved = { vm: 'vm-1', peer: host('b'), durationMs: 2_500 } as const
  const done = { kind: 'done', transferredMiB: 2, downtimeMs: 20 } as const
  tell({ kind: 'moved', action: action(1), ...moved, result: done })
  tell({ kind: 'moved', action: action(2), ...moved, result: { kind: 'unknown', code: 'x', detail: '' } })
  const answered = { vm: 'vm-1', durationMs: 900, result: { kind: 'done' } } as const
  tell({ kind: 'operated', action: action(4), operation: 'suspend', ...answered })
  tell({ kind: 'warning', code: 'wire.garbage', text: '', vm: null })
  const text = await metrics.text()
  const has = (line: string) => assert.ok(text.includes(`\n${line}\n`), `${line}\n is missing in\n${text}`)
  has('drover_decisions_total{reason="overload.cpu",result="cured"} 1')
  has('drover_decisions_total{reason="overload.cpu",result="failed"} 1')
  has('drover_rejections_total{code="dev.hostdev"} 2')
  has('drover_partition_aborts_total{cause="partition.busy"} 1')
  has('drover_moves_total{reason="overload.cpu",result="done"} 1')
  has('drover_moves_total{reason="drain",result="unknown"} 1')
  has('drover_operations_total{operation="suspend",result="done"} 1')
  has('drover_move_bytes_total 2097152')
  has('drover_move_duration_seconds_count 2')
  has('drover_move_downtime_seconds_sum 0.02')
  has('drover_partition_size_bucket{le="2"} 2')
  has('drover_detect_to_start_seconds_sum 0.018')
  has('drover_warnings_total{code="wire.garbage"} 1')
  assert.ok(!text.includes('drain",result="cured'), "a member's record is not counted again")
  assert.ok(!/web1|vm-1/.test(text), 'no VM is named')
  metrics.close()
})

// What the gauges show is what the status says at the moment of asking.
test('each gauge shows the status at the time of the request', async () => {
  const { agent, tell } = shown()
  const metrics = createMetrics(agent, { runtime: false })
  tell({
    kind: 'sampled',
    load: { demand: { cpuMilli: 2, memoryMiB: 0 }, usable: { cpuMilli: 1, memoryMiB: 1 } },
    pressure: { cpu: 25, memory: 0 },
  })
  await metrics.text()
  const text = await metrics.text()
  for (const line of [
    'drover_up 1',
    'drover_able 0',
    'drover_trouble{code="journal.full"} 1',
    'drover_mode{mode="auto"} 1',
    'drover_mode{mode="observe"} 0',
    'drover_host_load_ratio{resource="cpuMilli"} 1.25',
    'drover_host_load_ratio{resource="memoryMiB"} 0.25',
    'drover_host_pressure_ratio{resource="cpu",kind="some"} 0.25',
    'drover_moves_inflight{direction="out"} 1',
    'drover_alarms{code="vm.paused_by_migration"} 1',
    'drover_alarms{code="vm.unconfirmed"} 0',
    'drover_journal_bytes 4096',
    'drover_journal_healthy 0',
    'drover_messages_total{direction="in"} 11',
    'drover_message_bytes_total{direction="out"} 14',
    'drover_garbage_total 15',
    'drover_strangers_total 16',
    'drover_undelivered_total 17',
  ])
    assert.ok(text.includes(`\n${line}\n`), `${line} is missing in\n${text}`)
  assert.ok(!text.includes('web1'), 'no VM is named')
  metrics.close()
})
