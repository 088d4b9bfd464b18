#!/usr/bin/env node
// The way in. Plain JavaScript that an old Node.js can read, too: drover needs Node.js 24, and the packages that `npm ci`
// installed carry one, so an older one hands over to it, or says in one line what is missing.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const wanted = 24
const running = Number(process.versions.node.split('.')[0])

const carried = () => {
  const name = `node-${process.platform}-${process.arch}`
  for (let at = dirname(fileURLToPath(import.meta.url)); ; at = dirname(at)) {
    const binary = join(at, 'node_modules', name, 'bin', 'node')
    if (existsSync(binary)) return binary
    if (at === dirname(at)) return null
  }
}

const handOver = (binary) => {
  const child = spawn(binary, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, DROVER_HANDED_OVER: '1' },
  })
  // Ctrl-C reaches the child by itself, from the terminal; all else comes to us.
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT')
  })
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`drover: cannot run ${binary}: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/**
 * Compiled code is kept beside the packages, so only a user that may change them can write it. Where it cannot be kept, nothing is
 * lost. Processes and threads that this one starts (the solver's, the simulator's) find it by the environment.
 */
const keepCompiled = async () => {
  const { enableCompileCache } = await import('node:module')
  for (let at = dirname(fileURLToPath(import.meta.url)); ; at = dirname(at)) {
    const modules = join(at, 'node_modules')
    if (existsSync(join(modules, 'commander'))) {
      const directory = join(modules, '.cache', 'drover')
      enableCompileCache(directory)
      process.env.NODE_COMPILE_CACHE ??= directory
      return
    }
    if (at === dirname(at)) return
  }
}

if (running >= wanted) {
  await keepCompiled()
  const { processIo } = await import('../src/cli/io.ts')
  const { runCli } = await import('../src/cli/main.ts')
  process.exitCode = await runCli(process.argv.slice(2), processIo())
} else {
  const binary = process.env.DROVER_HANDED_OVER === undefined ? carried() : null
  if (binary === null) {
    process.stderr.write(
      `drover needs Node.js ${wanted} or newer; this is ${process.versions.node}, and \`npm ci\` has installed no other\n`,
    )
    process.exit(1)
  }
  handOver(binary)
}
