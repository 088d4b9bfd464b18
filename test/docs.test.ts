/**
 * Documentation that lies is worse than none. A newcomer who copies a configuration, types a command, follows a link or
 * looks for a code that a page names must find it: each page is held to the code here.
 */
import assert from 'node:assert/strict'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { Command } from 'commander'
import { processIo } from '../packages/agent/src/cli/io.ts'
import { programOf } from '../packages/agent/src/cli/main.ts'
import { allCommands } from '../packages/agent/src/cli/verbs.ts'
import { loadSettings } from '../packages/agent/src/config/load.ts'
import type { Problem } from '../packages/agent/src/config/problem.ts'
import { isReasonCode, reasons } from '../packages/protocol/src/data/reasons.ts'
import { createCommand } from '../packages/sim/src/cli/sim-command.ts'
import { readExperiment } from '../packages/sim/src/experiment/config/read.ts'
import { anchorsOf, codeOf, commandLines, linksOf } from './docs/markdown.ts'
import { find, root, stands } from './docs/paths.ts'
import { lostFiles, promisesOf, wrongReferences } from './docs/references.ts'
import { readSource } from './tidy/source.ts'

const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const pages = find(['*.md', 'docs/**/*.md', 'packages/*/*.md', 'test/**/*.md', 'bench/**/*.md'])

/** One failure lists all findings. */
const none = (findings: readonly string[]): void =>
  assert.ok(findings.length === 0, `\n${findings.join('\n')}\n`)

const everywhere = (judge: (page: string, path: string) => readonly string[]): void =>
  none(pages.flatMap((path) => judge(read(path), path).map((what) => `${path}:${what}`)))

/** `file`: does a path that a page names exist? */
const brokenLinks = (page: string, path: string): readonly string[] =>
  linksOf(page).flatMap(({ target, line }) => {
    if (/^[a-z]+:/.test(target)) return []
    const [file = '', anchor] = target.split('#')
    const to = file === '' ? path : join(dirname(path), file)
    if (!existsSync(join(root, to))) return [`${line}: ${target}: no such file`]
    if (anchor === undefined || !to.endsWith('.md') || anchorsOf(read(to)).includes(anchor)) return []
    return [`${line}: ${target}: no such heading`]
  })

const npmScripts = Object.keys(JSON.parse(read('package.json')).scripts)
const npmOwn = ['', 'ci', 'install', 'run', 'exec']
const io = processIo()
const commands = await allCommands(io)
const program = programOf(io, [...commands.filter((one) => one.name() !== 'sim'), createCommand(io, [])])

/** Of one command line, what does not exist; empty for commands that are not ours. */
const wrongCommand = (line: string): readonly string[] => {
  // `npm ci && npm start`, `DROVER_SEED=7 node test/run.ts …`, a comment behind the command.
  const commands = line.replace(/\s#.*$/, '').split(/\s*(?:&&|\|\||[;|])\s*/)
  return commands.flatMap((text) => {
    const words = text
      .trim()
      .split(/\s+/)
      .filter((word) => !/^[A-Z_]+=/.test(word))
    const [first, second = ''] = words
    if (first === 'npm') {
      const script = second === 'run' ? (words[2] ?? '') : npmOwn.includes(second) ? null : second
      return script === null || npmScripts.includes(script) ? [] : [`no npm script ${script}`]
    }
    const files = words.filter((word) => /^[\w./-]+\.[jt]s$/.test(word))
    if (first === 'node' && files.some((word) => word.endsWith('.ts')))
      return [`the Node of the PATH may not read TypeScript: npx ${text.trim()}`]
    if (first === 'node' || (first === 'npx' && second === 'node'))
      return files.filter((word) => !existsSync(join(root, word))).map((word) => `no file ${word}`)
    return first === 'drover' || (first === 'npx' && second === 'drover')
      ? wrongDrover(words.slice(words.indexOf('drover') + 1))
      : []
  })
}

const wrongDrover = (words: readonly string[]): readonly string[] => {
  let command: Command = program
  const found: string[] = []
  for (const word of words) {
    const child = command.commands.find((one) => one.name() === word)
    if (child !== undefined) command = child
    // A command that has subcommands takes nothing else; `drover …` and `drover COMMAND` stand for all.
    else if (command.commands.length > 0 && /^[a-z]/.test(word)) return [`no command ${word}`]
    else if (word.startsWith('--')) {
      const flag = word.split('=')[0] ?? word
      const options = [...program.options, ...command.options].map(({ long }) => long)
      if (![...options, '--help'].includes(flag)) found.push(`${command.name()} has no option ${flag}`)
    }
  }
  return found
}

const wrongCommands = (page: string): readonly string[] =>
  codeOf(page).flatMap((code) =>
    commandLines(code).flatMap((line) => wrongCommand(line).map((what) => `${code.line}: ${line}: ${what}`)),
  )

/** What has a workload is an experiment of `drover sim`; everything else configures an agent. */
const problemsIn = (file: string, text: string): readonly Problem[] => {
  if (!/^\[workload\]/m.test(text)) return loadSettings({ file, secrets: 'noted' }).problems
  const read = readExperiment(file, [])
  return read.kind === 'wrong' ? read.problems : []
}

const wrongToml = (page: string): readonly string[] => {
  const directory = mkdtempSync(join(tmpdir(), 'drover-docs-'))
  try {
    return codeOf(page).flatMap((code) => {
      if (code.language !== 'toml') return []
      const file = join(directory, 'config.toml')
      writeFileSync(file, code.text)
      return problemsIn(file, code.text).map(({ key, text }) => `${code.line}: ${key}: ${text}`)
    })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const configurationRows = read('docs/configuration.md')
/** `table.key`, as text calls it. */
const isConfigurationKey = (text: string): boolean =>
  configurationRows.includes(`| \`${text.slice(text.indexOf('.') + 1)}\` |`)

const families = new Set(
  Object.keys(reasons).flatMap((code) => (code.includes('.') ? [code.split('.')[0]] : [])),
)
/** Not in decision records: a file's name there may look like a code. */
const wrongCodes = (page: string): readonly string[] =>
  codeOf(page).flatMap(({ language, text, line }) => {
    const [family] = text.split('.')
    const isCode = language === '' && /^[a-z]+\.[a-z_]+$/.test(text) && families.has(family)
    const known = isReasonCode(text) || isConfigurationKey(text) || existsSync(join(root, text))
    return isCode && !known ? [`${line}: no code ${text}`] : []
  })

const metricsSource = ['meters', 'gauges'].map((name) => read(`packages/agent/src/metrics/${name}.ts`)).join()
const wrongMetrics = (page: string): readonly string[] =>
  [...page.matchAll(/\bdrover_([a-z_]+)\b/g)].flatMap(([whole, name = '']) => {
    const base = name.replace(/_(?:bucket|sum|count)$/, '')
    const known = metricsSource.includes(`'${base}'`) || metricsSource.includes(`'drover_${base}'`)
    return known ? [] : [`no metric ${whole}`]
  })

test('each check can fail', () => {
  assert.deepEqual(brokenLinks('[a](README.md) `[b](no.md)` <img src="no.svg">', 'x.md'), [
    '1: no.svg: no such file',
  ])
  assert.deepEqual(brokenLinks('[a](#here)', 'README.md'), ['1: #here: no such heading'])
  assert.deepEqual(anchorsOf('# A\n## What is *not* there, yet?\n```\n# c\n```'), [
    'a',
    'what-is-not-there-yet',
  ])
  assert.deepEqual(wrongCommand('npm ci && npm run nothing'), ['no npm script nothing'])
  assert.deepEqual(wrongCommand('DROVER_SEED=1 npx node test/run.ts quick && npx node test/none.ts'), [
    'no file test/none.ts',
  ])
  assert.equal(wrongCommand('node test/run.ts').length, 1)
  assert.deepEqual(wrongCommand('drover statsu'), ['no command statsu'])
  assert.deepEqual(wrongCommand('npx drover drain --now --dry-run'), ['drain has no option --now'])
  assert.deepEqual(wrongCommand('drover config validate x.toml # drover nothing'), [])
  assert.deepEqual(wrongCommand('virsh drover'), [])
  assert.deepEqual(
    wrongToml('text\n```toml\n[policy]\ncooldown = 1\n```').map((text) => text.slice(0, 20)),
    ['3: policy.cooldown: '],
  )
  assert.match(
    wrongToml('```toml\n[workload]\nkind = "vmplaces"\nhosts = 3\nhost = 4\n```').join(),
    /^2: workload\.host: unknown key$/,
  )
  assert.deepEqual(wrongCommand('npx drover sim run --jobs 2 --jbos 2'), ['run has no option --jbos'])
  assert.deepEqual(wrongCodes('`vm.ignored` `vm.no_such` `policy.preset`'), ['1: no code vm.no_such'])
  assert.deepEqual(wrongMetrics('drover_up drover_down'), ['no metric drover_down'])
})

test('the pages were found', () => {
  for (const known of ['README.md', 'CHANGELOG.md', 'docs/operating.md', 'docs/adr/001-cbor-on-the-wire.md'])
    assert.ok(pages.includes(known), known)
})
test('every relative link leads somewhere', () => everywhere(brokenLinks))
test('every command that a page names exists, with its options', () => everywhere(wrongCommands))
test('every configuration that a page shows is valid', () => everywhere(wrongToml))
test('every reason code that a page names exists', () =>
  everywhere((page, path) => (path.startsWith('docs/adr/') ? [] : wrongCodes(page))))
test('every metric that a page names exists', () => everywhere(wrongMetrics))

test('the systemd unit starts what is in this repository', () => {
  const commands = read('packaging/drover.service').match(/^ExecStart(?:Pre)?=.*$/gm) ?? []
  assert.equal(commands.length, 2)
  for (const command of commands) {
    const words = command.split(/[= ]/).slice(1)
    const script = words.findIndex((word) => word.endsWith('.js'))
    assert.ok(existsSync(join(root, (words[script] ?? '').replace('/opt/drover/', ''))), command)
    assert.deepEqual(wrongDrover(words.slice(script + 1)), [])
  }
})

/** `docs/adr/004` stands for the one page that begins so. */
const pageExists = (path: string): boolean =>
  existsSync(join(root, path)) || globSync(`${path}-*.md`, { cwd: root }).length === 1

/** What is not code: comments, and texts such as the names of tests. */
const proseOf = (path: string): string => {
  const { text, code } = readSource(path, read(path))
  return [...text]
    .map((character, i) => (character === '\n' || code[i] !== character ? character : ' '))
    .join('')
}

/** Of a golden story: what it shows. */
const commentsOf = (path: string): string =>
  read(path)
    .split('\n')
    .map((line) => (line.startsWith('#') ? line : ''))
    .join('\n')

test('every page, file and promise that a comment names exists', () => {
  const promises = promisesOf(read('docs/architecture.md'))
  const sources = find(['packages/*/src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts']).filter(
    (path) => !/^test\/(?:docs|tidy)/.test(path),
  )
  assert.ok(promises.size > 15 && sources.length > 300)
  const stories = find(['test/scenario/*.txt'])
  none(
    [...sources, ...stories].flatMap((path) => {
      const prose = path.endsWith('.ts') ? proseOf(path) : commentsOf(path)
      return [...wrongReferences(prose, promises, pageExists), ...lostFiles(prose, stands)].map(
        (what) => `${path}:${what}`,
      )
    }),
  )
  const wrong = (text: string) => wrongReferences(text, promises, pageExists).length
  assert.equal(wrong('as in architecture §5.2, S77, adr/999, docs/nothing.md and habit 2 (fault F3)'), 6)
  assert.equal(
    wrong('R1, adr/004, docs/adr/004-both-ends-finish-a-hand-over.md, docs/policy.md (NSDI, §4)'),
    0,
  )
  assert.deepEqual(lostFiles('`data/io.ts`, placement/solve.ts and\nring/gone.ts', stands), [
    '2: ring/gone.ts: no such file',
  ])
})
