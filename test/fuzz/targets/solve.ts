/** Placement documents: `drover solve` on a file, with a short budget. */
import { gzipSync } from 'node:zlib'
import { runCli } from '../../../packages/agent/src/cli/main.ts'
import { allDefinitions } from '../../../packages/placement/src/rules/rule.ts'
import { createDesk } from '../desk.ts'
import { mutatedBytes, mutatedTree, rawBytes } from '../mutate.ts'
import { asked, type Target } from '../target.ts'
import { btrplace } from './btrplace-document.ts'

const ids = (letter: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${letter}${i}`)

const hosts = ids('h', 4)
const vms = ids('v', 8)

/** One rule of each kind, by the fields of its definition. */
const forms: Readonly<Record<string, unknown>> = {
  vms: ['v0', 'v1'],
  hosts: ['h0', 'h1'],
  vmParts: [['v0', 'v1'], ['v2']],
  hostGroups: [['h0', 'h1'], ['h2']],
  dimension: 'cpuMilli',
  label: 'web',
  amount: 3,
  permille: 1500,
}
const ruleOf = ({ kind, fields }: (typeof allDefinitions)[number]): object => ({
  kind,
  ...Object.fromEntries(Object.entries(fields).map(([key, form]) => [key, forms[form.replace('?', '')]])),
})

const native = (rules: readonly object[]): object => ({
  schemaVersion: 1,
  hosts: hosts.map((id) => ({ id, limit: [4_000, 8_192], failureDomain: id })),
  vms: vms.map((id, i) => ({
    id,
    host: hosts[Math.floor(i / 3)],
    demand: [1_500, 1_024],
    memoryMiB: 1_024,
    labels: i < 3 ? ['web'] : [],
  })),
  rules,
})

export const solveTarget = (): Target => {
  const desk = createDesk()
  const rules = allDefinitions.map(ruleOf)
  const documents = [native([]), ...rules.map((rule) => native([rule])), native(rules.slice(0, 3)), btrplace]
  return {
    name: 'solve',
    bounds: asked,
    shortRuns: 500,
    input(random) {
      if (random.chance(0.03)) return rawBytes(random, 300)
      let document: unknown = random.pick(documents)
      for (let left = random.integer(0, 3); left > 0; left--) document = mutatedTree(random, document)
      const text = Buffer.from(JSON.stringify(document))
      if (random.chance(0.2)) return mutatedBytes(random, text)
      return random.chance(0.05) ? mutatedBytes(random, gzipSync(text)) : text
    },
    run: (bytes) =>
      desk.judge((file, io) => runCli(['solve', '--plan', '--budget', '20', file], io), bytes, [0, 2]),
    end: desk.end,
  }
}
