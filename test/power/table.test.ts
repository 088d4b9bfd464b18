/** What a run prints: of each fault, of all checkers, and what is missing; and that it goes on where it was. */
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { allFaults, quickFaults } from './all-faults.ts'
import { tableText } from './markdown.ts'
import { checkersIn, type Finding, type Measured, medianSeeds, type Search } from './measured.ts'
import { drawMutants } from './mutants/mutants.ts'
import { optionsOf } from './options.ts'
import { keepMeasured, readMeasured } from './resume-file.ts'
import type { SownFault } from './sown-fault.ts'
import { isSearched } from './swarm-search.ts'
import { faultText, matrixText, summaryText, verdictOf } from './table.ts'

const fault = (id: string, line: SownFault['line'], breaks: SownFault['breaks']): SownFault => ({
  id,
  name: `name of ${id}`,
  breaks,
  line,
  file: 'somewhere',
  inside: 'f',
  pattern: 'x',
  replacement: 'y',
})

const finding = (test: string, ...checkers: readonly string[]): Finding => ({ test, checkers, text: 'why' })

const search = (first: number, seeds: number, ...checkers: readonly string[]): Search => ({
  first,
  seeds,
  played: seeds,
  found: checkers.length === 0 ? null : { ...finding('swarm', ...checkers), seed: first + seeds - 1 },
})

const measured = (id: string, searches: readonly Search[], suites: Measured['suites'] = {}): Measured => ({
  fault: id,
  searches,
  suites,
  commit: 'abc1234',
  tookS: 7,
})

const faults = [
  fault('a', 'first', ['S1', 'S2']),
  fault('bb', 'first', ['L1']),
  fault('c', 'second', ['S9']),
  fault('d', 'second', ['Q1']),
]
const all = [
  measured('a', [search(1, 3, 'S1'), search(1_001, 1, 'assertion'), search(2_001, 5, 'S1', 'S3')]),
  measured('bb', [search(1, 40)], { golden: finding('a story') }),
  measured('c', [search(1, 40)], { units: finding('a test', 'S9'), golden: null }),
  measured('d', [search(1, 40)], { units: null }),
]

test('a fault is printed with what found it, and after how many seeds', () => {
  const text = faultText(faults[0]!, all[0]!)
  assert.match(text, /^found {3}a: name of a\n {10}first; breaks S1 S2; median 3 seeds; 7 s\n/)
  assert.match(text, /swarm from 1: in 3 seeds, by S1: swarm \(why\)\n/)
  assert.match(text, /swarm from 1001: in 1 seed, by assertion: swarm/)
  assert.match(faultText(faults[2]!, all[2]!), /units: by S9: a test \(why\)\n {10}golden: –$/)
  assert.match(faultText(faults[3]!, all[3]!), /^MISSED {2}d: /)
  assert.match(faultText(faults[3]!, all[3]!), /the swarm does not find it; 7 s\n.*from 1: not in 40 seeds/)
})

test('a seed that was passed over counts, and how many were played is told', () => {
  const rare: Search = { ...search(1, 37, 'S1'), played: 5 }
  assert.match(faultText(faults[0]!, measured('a', [rare])), /from 1: in 37 seeds, 5 of them played, by S1/)
  const vain: Search = { ...search(1, 900), played: 40 }
  assert.match(faultText(faults[0]!, measured('a', [vain])), /from 1: not in 900 seeds, 40 of them played$/)
})

test('a table for a page has a row for each fault that was measured', () => {
  const some = [
    measured('a', [{ ...search(1, 37, 'S1'), played: 5 }, search(1_001, 2, 'assertion'), search(2_001, 40)]),
    measured('c', [search(1, 40)], { units: finding('a | b', 'S9'), golden: null }),
  ]
  assert.deepEqual(
    tableText([{ ...faults[0]!, needs: ['cuts', 'rules'] }, ...faults.slice(1)], some).split('\n'),
    [
      '| Fault | What | Line | Needs | Seeds (played) | Fired | Tests that find it |',
      '|---|---|---|---|---|---|---|',
      '| a | name of a | first | cuts, rules | **37**: 37 (5), 2, > 40 | S1 assertion |  |',
      '| c | name of c | second |  | > 40 |  | units: a \\| b |',
      '',
      'First lines: 1; the swarm finds 1, in 37 seeds (median of the medians). Not: none.',
      'Second lines: 1; found by tests or the swarm: 1. Not: none.',
      'Measured at abc1234 (2).',
    ],
  )
})

test('the matrix shows which checker fired under which fault, and which never did', () => {
  const lines = matrixText(faults, all).split('\n')
  const columns = (lines[1] ?? '').trim().split(/ +/)
  const row = (index: number): Readonly<Record<string, string | undefined>> => {
    const cells = (lines[index] ?? '').split(/ +/).slice(1)
    return Object.fromEntries(columns.map((column, i) => [column, cells[i]]))
  }
  assert.deepEqual(
    [row(2)['S1'], row(2)['S2'], row(2)['S3'], row(2)['S4'], row(2)['assertion']],
    ['x', 'o', 'x', '.', 'x'],
  )
  assert.deepEqual([row(3)['L1'], row(4)['S9'], row(5)['Q1']], ['o', 'x', 'o'])
  assert.match(lines.at(-1) ?? '', /^Never fired: S2 S4 S5 .* L6$/)
})

test('a fault that nothing finds fails the run, and so does a first line that only a story holds', () => {
  const verdict = verdictOf(faults, all)
  assert.deepEqual(verdict, { missed: ['d'], missedBySwarm: ['bb'], survived: [] })
  const text = summaryText(faults, all, verdict)
  assert.match(text, /^4 faults sown: 3 found, 1 missed \(d\)\n/)
  assert.match(
    text,
    /by the swarm alone: 1; median of their medians 3 seeds; first lines that it misses: 1 \(bb\)/,
  )
  assert.deepEqual(verdictOf(faults, [measured('bb', [], { golden: finding('a story') })]).missedBySwarm, [])
})

test('of drawn mutants the share that is found is an estimate, and what survives is no failure', () => {
  const [one, two] = drawMutants(1, 2)
  assert.ok(one !== undefined && two !== undefined)
  const some = [measured(one.id, [search(1, 3, 'S1')]), measured(two.id, [search(1, 40)], { units: null })]
  const verdict = verdictOf([one, two], some)
  assert.deepEqual(verdict, { missed: [], missedBySwarm: [], survived: [two.id] })
  const text = summaryText([one, two], some, verdict)
  assert.match(text, /of 2 drawn mutants any suite finds: 1, 50 % \(95 %: 9 % to 91 %\)/)
  assert.match(text, /of 2 drawn mutants the swarm finds: 1, 50 %/)
  assert.ok(text.includes(`survived  ${two.id}  ${two.name}`))
})

test('a search in vain counts as longer than any other', () => {
  assert.equal(medianSeeds([search(1, 9, 'S1'), search(2, 2, 'S1'), search(3, 5, 'S1')]), 5)
  assert.equal(medianSeeds([search(1, 9, 'S1'), search(2, 2, 'S1'), search(3, 5)]), 9)
  assert.equal(medianSeeds([search(1, 9)]), null)
  assert.equal(medianSeeds([]), null)
})

test('the checkers of a failure are the promises that it names; an assertion of the core is one of its own', () => {
  assert.deepEqual(checkersIn("+ 'S9 vm-1 was let in by h0'\n+ 'L1 h2 is leased'"), ['L1', 'S9'])
  assert.deepEqual(checkersIn('Error: assertion failed: the lease of x is held (S5)\n  S2 vm-1'), [
    'S2',
    'assertion',
  ])
  assert.deepEqual(checkersIn(`Expected values to be equal: S${16}, XS1, L${7}`), [])
})

test('a run goes on where it was, also when its last line was cut off', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'drover-power-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'measured.jsonl')
  assert.deepEqual(readMeasured(path), [])
  const [a, b] = all
  keepMeasured(path, a!)
  appendFileSync(path, '{"fault":"b')
  keepMeasured(path, b!)
  assert.deepEqual(readMeasured(path), [a, b])
})

test('searches that are missing follow those that were made, unless the last was in vain', () => {
  assert.equal(isSearched([], { starts: 1 }), false)
  assert.equal(isSearched([search(1, 3, 'S1')], { starts: 3 }), false)
  assert.equal(isSearched([search(1, 3, 'S1')], { starts: 1 }), true)
  assert.equal(isSearched([search(1, 40)], { starts: 3 }), true)
})

test('words and lists choose faults and suites; a mistake is told', () => {
  assert.deepEqual(
    optionsOf(['m7', '--suites', 'swarm', '--seeds', '40']).faults.map(({ id }) => id),
    ['m7'],
  )
  assert.deepEqual(optionsOf(['--suites', 'swarm']).suites, [])
  assert.equal(optionsOf(['--suites', 'golden,units']).swarm, null)
  assert.equal(optionsOf([]).faults.length, allFaults.length)
  assert.deepEqual(optionsOf(['--only', 'quick']).faults, quickFaults)
  assert.equal(
    optionsOf(['cool-down']).faults.every(({ name }) => name.includes('cool-down')),
    true,
  )
  assert.throws(() => optionsOf(['unheard-of']), /no fault is called unheard-of/)
  assert.throws(() => optionsOf(['--suites', 'swarm,x']), /no suite is called x/)
  assert.equal(optionsOf([]).swarm?.playedMax, Number.POSITIVE_INFINITY)
  assert.equal(optionsOf(['--played', '40']).swarm?.playedMax, 40)
  assert.throws(() => optionsOf(['--seeds', '0']), /--seeds is a number from 1 on/)
  assert.equal(optionsOf(['--mutants', '3']).faults.length, 3)
  assert.throws(() => optionsOf(['m7', '--mutants', '3']), /name none/)
  assert.throws(() => optionsOf(['--mutants', 'all']), /--mutants is a number from 1 on/)
  assert.throws(() => optionsOf(['--only', 'slow']), /--only is quick/)
})
