/**
 * The network of one run: a namespace per host, each with one cable to the namespace of the runner. All of it is in the runner's
 * own network and mount namespace (see `enclosure.ts`), so that nothing has to be removed, and two runs do not meet.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

/** Where agents are announced and proxies listen, and where agents listen. */
export const front = '10.77.0'
export const back = '10.78.0'
/** The runner's end of all cables. */
const runner = `${back}.254`

export const hostsMax = 40

const run = (command: string, ...args: readonly string[]): void =>
  void execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })

/** Many lines for `ip` in one go. */
const batch = (args: readonly string[], lines: readonly string[]): void =>
  void execFileSync('ip', [...args, '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    stdio: ['pipe', 'ignore', 'inherit'],
  })

export const namespaceOf = (host: number): string => `h${host}`

/** Throws when `ip` or `mount` fails. */
export const plugHosts = (hosts: number): void => {
  run('mount', '-t', 'tmpfs', 'tmpfs', '/run')
  mkdirSync('/run/netns')
  // All addresses of `front` are the runner's own.
  batch([], ['link set lo up', `route add local ${front}.0/24 dev lo`])
  for (let host = 1; host <= hosts; host++) {
    const name = namespaceOf(host)
    batch(
      [],
      [
        `netns add ${name}`,
        `link add ${name} type veth peer name eth0 netns ${name}`,
        `addr add ${runner}/32 dev ${name}`,
        `link set ${name} up`,
        `route add ${back}.${host}/32 dev ${name}`,
      ],
    )
    batch(
      ['-n', name],
      [
        'link set lo up',
        `addr add ${back}.${host}/32 dev eth0`,
        'link set eth0 up',
        `route add ${runner}/32 dev eth0`,
        `route add default via ${runner}`,
      ],
    )
  }
}
