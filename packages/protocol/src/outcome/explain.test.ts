/** A tired operator asks why: every VM, host and decision is explained with a stable code, a sentence and the numbers. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { memoryText } from '@drover/placement'
import { isReasonCode, reasonText } from '../data/reasons.ts'
import { alarmCodes, type PeerView } from '../data/view.ts'
import { adviceOf } from './alarm-advice.ts'
import { exampleDecision, exampleHistory, exampleHosts, exampleView, exampleVms } from './example.ts'
import { explain } from './explain.ts'
import type { VmExplanation } from './explanation.ts'
import { findSubject, type SubjectKind } from './subject.ts'
import { durationText } from './words.ts'

const decisions = exampleHistory.map(({ decision }) => decision)
const find = (text: string, kind: SubjectKind | null = null) =>
  findSubject(exampleView, decisions, text, kind)

const explainVm = (text: string, view = exampleView): VmExplanation => {
  const found = findSubject(view, decisions, text, 'vm')
  assert.equal(found.kind, 'found')
  const explanation = explain(view, exampleHistory, found.subject)
  assert.equal(explanation?.kind, 'vm')
  return explanation
}

test('an operator may name a VM, a host or a decision by name, id or part of an id', () => {
  // The story: pasted from a table, from a log, from memory.
  assert.deepEqual(find('web1'), {
    kind: 'found',
    subject: { kind: 'vm', vm: exampleVms.web1, name: 'web1' },
  })
  assert.equal(find('6fa9ec21').kind, 'found')
  assert.equal(find('gone').kind, 'found', 'a VM that has left is known from the decision that moved it')
  const byEnd = find(exampleHosts.roomy.slice(-8))
  assert.ok(byEnd.kind === 'found' && byEnd.subject.kind === 'host' && byEnd.subject.name === 'rack1-b')
  const decision = find(`${exampleHosts.self.slice(-8)}.12.7`)
  assert.ok(decision.kind === 'found' && decision.subject.kind === 'decision')
  const many = find('6fa9ec2')
  assert.ok(many.kind === 'ambiguous' && many.matches.length === 5)
  assert.equal(find('web1', 'host').kind, 'absent')
  assert.equal(find('').kind, 'absent')
})

test('a VM: what would be done with it, and one line with a number for every other host', () => {
  // The story: web1's host is overloaded, and the agent only observes.
  const { verdict, candidates } = explainVm('web1')
  assert.equal(verdict.code, 'mode.observe')
  assert.deepEqual(
    candidates.map(({ name, code }) => [name, code]),
    [
      ['rack1-b', null],
      ['rack2-a', 'capacity.cpu'],
      ['rack2-b', 'host.suspect'],
      ['rack3-a', 'host.draining'],
      ['rack3-b', 'cpu.incompatible'],
    ],
  )
  for (const { text } of candidates) assert.match(text, /\d/)
})

test('a VM: every way of staying has its own code', () => {
  // The story: "Need to balance: True", then nothing. Never again without a reason.
  assert.equal(explainVm('gpu1').verdict.code, 'dev.hostdev')
  // It rests; but its host is overloaded, so that it was free to go, and was not needed.
  assert.equal(explainVm('db1').verdict.code, 'vm.not_needed')
  const { candidates } = explainVm('db1')
  assert.equal(candidates.find(({ name }) => name === 'rack2-a')?.code, 'vm.cooldown', 'not back')
  assert.equal(explainVm('web2').verdict.code, 'mode.observe')
  assert.deepEqual(explainVm('gone').verdict, {
    code: 'vm.not_here',
    text: 'Not on this host. It was last seen moving to rack2-a; ask there.',
  })
  const calm = explainVm('web1', { ...exampleView, overloadedSinceMs: null })
  assert.equal(calm.verdict.code, null)
  assert.match(calm.verdict.text, /nothing asks for a move: .*4\.6 cores of 4 cores usable/)
  // On a drained host a VM that rests leaves: an older decision, for another need, says nothing about that.
  const older = {
    ...exampleDecision,
    stayed: [{ vm: exampleVms.db1, name: 'db1', code: 'vm.cooldown' as const }],
  }
  const drained = explain(
    { ...exampleView, mode: 'auto', draining: true, overloadedSinceMs: null },
    [{ decision: older, atWallMs: 1 }],
    { kind: 'vm', vm: exampleVms.db1, name: 'db1' },
  )
  assert.ok(drained?.kind === 'vm' && drained.verdict.code === null)
  assert.equal(drained.candidates.find(({ name }) => name === 'rack2-a')?.code, 'capacity.cpu')
  const moving = explainVm('web1', {
    ...exampleView,
    migrations: [
      {
        action: 'a/0',
        vm: exampleVms.web1,
        name: 'web1',
        direction: 'out',
        peer: exampleHosts.roomy,
        phase: 'running',
        sinceMs: 2_500,
      },
    ],
  })
  assert.equal(moving.verdict.text, 'Is leaving for rack1-b (running, for 2.5 s).')
})

test('a VM that waits paused on its way here is explained by its name, with what to do about it', () => {
  const web9 = '6fa9ec29-0000-0000-0000-000000000009' as typeof exampleVms.web1
  const arriving: PeerView = {
    ...exampleView,
    migrations: [
      {
        action: 'a/0',
        vm: web9,
        name: 'web9',
        direction: 'in',
        peer: exampleHosts.roomy,
        phase: 'promised',
        sinceMs: 30_000,
      },
    ],
  }
  const found = findSubject(arriving, [], 'web9')
  assert.ok(found.kind === 'found')
  const verdict = (view: PeerView) => {
    const answer = explain(view, [], found.subject)
    assert.ok(answer?.kind === 'vm' && !answer.here && answer.name === 'web9')
    return answer.verdict
  }
  assert.deepEqual(verdict(arriving), {
    code: null,
    text: 'Is arriving from rack1-b (promised, for 30 s).',
  })
  const alarms = [{ code: 'vm.paused_in_doubt', text: '', vm: web9, sinceMs: 20_000 }] as const
  const { code, text } = verdict({ ...arriving, alarms })
  assert.equal(code, 'vm.paused_in_doubt')
  assert.match(text, /Bring libvirtd or the agent of rack1-b back.*virsh resume web9\.$/)
})

test('each alarm says what to do, and names the VM', () => {
  for (const code of alarmCodes)
    assert.match(adviceOf(code, 'web1', 'rack1-b'), /rack1-b|virsh \w+ web1/, code)
  assert.match(adviceOf('vm.unconfirmed', 'web1', null), /^Bring the other host,/)
})

test('a host that does nothing early says why', () => {
  const facts = (forecastDoubt: PeerView['forecastDoubt']): readonly string[] => {
    const view = { ...exampleView, forecastDoubt }
    const own = explain(view, exampleHistory, { kind: 'host', host: exampleHosts.self, name: 'rack1-a' })
    assert.ok(own?.kind === 'host')
    return own.facts.filter((fact) => fact.startsWith('nothing is done early'))
  }
  assert.deepEqual(facts(null), [])
  assert.match(facts('forecast.no_better').join(), /forecast\.no_better: .*"as it is now"/)
})

test('a host with an alarm tells of it', () => {
  const alarms = [
    { code: 'vm.double', text: 'VM web1 runs here and on rack1-b', vm: exampleVms.web1, sinceMs: 1 },
  ] as const
  const own = explain({ ...exampleView, alarms }, exampleHistory, {
    kind: 'host',
    host: exampleHosts.self,
    name: 'rack1-a',
  })
  assert.ok(own?.kind === 'host' && own.facts.includes('alarm vm.double: VM web1 runs here and on rack1-b'))
})

test('a host and a decision are explained, too', () => {
  // The story: `drover explain` without a word is about this host; a host's own line is about that one.
  const own = explain(exampleView, exampleHistory, { kind: 'host', host: exampleHosts.self, name: 'rack1-a' })
  assert.ok(own?.kind === 'host' && own.self)
  assert.equal(own.verdict.code, 'mode.observe')
  assert.match(own.verdict.text, /^Is overloaded for 61 s; the newest decision ended would/)
  assert.deepEqual(
    own.fixed.map(({ name, code }) => [name, code]),
    [['gpu1', 'dev.hostdev']],
  )
  const silent = explain(exampleView, exampleHistory, {
    kind: 'host',
    host: exampleHosts.silent,
    name: 'rack2-b',
  })
  assert.ok(silent?.kind === 'host' && silent.verdict.code === 'host.suspect')
  assert.match(silent.verdict.text, /last heard 7.4 s ago/)
  assert.deepEqual(explain(exampleView, exampleHistory, { kind: 'decision', decision: exampleDecision.id }), {
    kind: 'decision',
    record: exampleHistory[0],
  })
})

test('every reason code that the core can say has a sentence', () => {
  // The story: a colleague adds a refusal and forgets its sentence. An operator then reads "(rule.lonely)" at 3 a.m.
  const roots = ['../', '../../../placement/src/'].map((path) => new URL(path, import.meta.url).pathname)
  const pattern = /'([a-z]+\.[a-z_]+)'/g
  const unknown = new Set<string>()
  for (const entry of roots.flatMap((root) => readdirSync(root, { recursive: true, withFileTypes: true }))) {
    if (!entry.isFile() || !entry.name.endsWith('.ts') || /\.test\.ts$/.test(entry.name)) continue
    // There, a path in a document looks like a code.
    if (entry.parentPath.endsWith('formats')) continue
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8')
    for (const [, code] of text.matchAll(pattern))
      if (code !== undefined && !isReasonCode(code)) unknown.add(code)
  }
  assert.deepEqual([...unknown].sort(), [])
  assert.equal(reasonText('future.code'), '(future.code)')
})

test('amounts and times are printed short', () => {
  // The story: numbers that fit a line.
  assert.deepEqual([0, 999, 1_000, 9_999, 10_400, 119_999, 120_000, 7_200_000].map(durationText), [
    '0 ms',
    '999 ms',
    '1 s',
    '10 s',
    '10 s',
    '120 s',
    '2 min',
    '2 h',
  ])
  assert.deepEqual([512, 10_239, 10_240, 12_800].map(memoryText), [
    '512 MiB',
    '10239 MiB',
    '10 GiB',
    '12.5 GiB',
  ])
})
