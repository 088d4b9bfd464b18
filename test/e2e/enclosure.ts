/**
 * What a run makes (processes, namespaces, file systems) is made inside namespaces of its own. When its first process dies, by
 * whatever death, the kernel takes everything away, and nothing else can be hit.
 */

import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Commands, and Debian's packages that have them. */
const commands: Readonly<Record<string, string>> = { ip: 'iproute2', unshare: 'util-linux', mount: 'mount' }

const places = (): readonly string[] => [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/usr/sbin',
  '/sbin',
]

const isThere = (command: string, among: readonly string[]): boolean =>
  among.some((place) => {
    try {
      accessSync(join(place, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

/** What is missing for a run, in words for people; empty = ready. */
export const missing = (
  user: number | undefined = process.getuid?.(),
  among: readonly string[] = places(),
): readonly string[] => [
  ...(process.platform === 'linux' ? [] : ['Linux, for network namespaces']),
  ...(user === 0 ? [] : ['root, for network namespaces and file systems: run it with sudo']),
  ...Object.entries(commands).flatMap(([command, from]) =>
    isThere(command, among) ? [] : [`the command ${command}: apt-get install ${from}`],
  ),
]

/**
 * Runs a module of ours as the first process inside, with standard input as a leash: the module must end when that ends. Resolves
 * with its exit code; signals are passed on.
 */
export const runInside = (module: string, args: readonly string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const unshare = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
    const child = spawn('unshare', [...unshare, process.execPath, module, ...args], {
      stdio: ['pipe', 'inherit', 'inherit'],
      env: { ...process.env, PATH: places().join(delimiter) },
      // In a group of its own: Ctrl-C reaches it once, from here, and not twice.
      detached: true,
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 130)))
    // The first one ends the run in order, by the leash; the second one at once.
    let signals = 0
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        signals += 1
        if (signals === 1) child.stdin.end()
        else child.kill('SIGKILL')
      })
  })
