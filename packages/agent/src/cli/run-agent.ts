/** Puts the daemon together, and takes it down again. */

import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { limits, reasonText } from '@drover/protocol'
import { createAgent } from '../agent.ts'
import { type ApiServer, serveApi } from '../api/server.ts'
import { SocketError } from '../api/unix-socket.ts'
import type { Settings } from '../config/settings.ts'
import { droverVersion } from '../drover-version.ts'
import { wordsOf } from '../errors.ts'
import type { Hypervisor } from '../hypervisor/hypervisor-port.ts'
import { createLibvirtHypervisor } from '../hypervisor/libvirt/index.ts'
import { type Journal, JournalError } from '../journal/journal-port.ts'
import { openJournal } from '../journal/sqlite.ts'
import { createLog, type Logger } from '../log.ts'
import { createMetrics } from '../metrics.ts'
import { createWorkerSolver } from '../solve/worker-pool.ts'
import { IdentityError, loadOrCreateIdentity } from '../transport/identity.ts'
import { createLibp2pTransport } from '../transport/libp2p.ts'
import { CliFailure, exitCode } from './exit.ts'

/** What a driver module of one's own exports. */
interface DriverModule {
  readonly createHypervisor: (options: Settings['hypervisor']) => Hypervisor | Promise<Hypervisor>
}

const isDriverModule = (found: unknown): found is DriverModule =>
  typeof found === 'object' &&
  found !== null &&
  'createHypervisor' in found &&
  typeof found.createHypervisor === 'function'

const failed = (code: string, text: string): CliFailure => new CliFailure(exitCode.failed, code, text)

const hypervisorOf = async (settings: Settings, log: Logger): Promise<Hypervisor> => {
  const { driver, uri, migrationUri, tls, diskLock, sharedPaths } = settings.hypervisor
  if (driver === 'libvirt') {
    try {
      return createLibvirtHypervisor({
        uri,
        diskLock,
        ...(migrationUri === null ? {} : { migrationUri }),
        ...(tls === null ? {} : { tls }),
        ...(sharedPaths === undefined ? {} : { sharedPaths }),
        logger: { warn: (message) => log.warn(message) },
      })
    } catch (error) {
      if (error instanceof TypeError)
        throw new CliFailure(exitCode.usage, 'config.invalid', `hypervisor.uri: ${error.message}`)
      throw error
    }
  }
  const found: unknown = await import(pathToFileURL(resolve(driver)).href).catch((error: unknown) => {
    throw failed('driver.failed', `hypervisor.driver: cannot load ${driver}: ${wordsOf(error)}`)
  })
  if (!isDriverModule(found))
    throw failed('driver.failed', `hypervisor.driver: ${driver} exports no createHypervisor(options)`)
  return found.createHypervisor(settings.hypervisor)
}

const journalOf = (directory: string): Journal => {
  try {
    return openJournal(directory)
  } catch (error) {
    if (error instanceof JournalError)
      throw failed(
        error.code,
        error.code === 'journal.locked'
          ? `another agent is running on this host: ${error.message}`
          : error.message,
      )
    throw error
  }
}

/** Tells systemd, if it asked (Type=notify with NotifyAccess=all); Node cannot write to its socket itself. */
const notifySystemd = (): void => {
  if ((process.env['NOTIFY_SOCKET'] ?? '') === '') return
  execFile('systemd-notify', ['--ready', `--status=drover ${droverVersion}`], () => {})
}

/** Runs until a signal, or until the core fails. Returns the exit code; throws `CliFailure` when it cannot start. */
export const runAgent = async (settings: Settings, say: (text: string) => void): Promise<number> => {
  const log = createLog({ level: settings.log.level })
  const journal = journalOf(settings.host.dataDir)
  const undo: (() => unknown)[] = [() => journal.close()]
  const takeDown = async (): Promise<void> => {
    for (const one of undo.splice(0).reverse()) await one()
  }
  let api: ApiServer
  let agent: ReturnType<typeof createAgent>
  let end: (exit: number) => void = () => {}
  const ended = new Promise<number>((resolveEnded) => {
    end = resolveEnded
  })
  try {
    const privateKey = await loadOrCreateIdentity(join(settings.host.dataDir, 'identity.key'))
    const hypervisor = await hypervisorOf(settings, log)
    const { listen, announce, bootstrap, clusterKey, allow } = settings.network
    const transport = createLibp2pTransport({
      privateKey,
      listen,
      announce,
      bootstrap,
      clusterKey,
      allow,
      log,
      loopback: listen.every((address) => address.startsWith('/ip4/127.')),
    })
    const solver = createWorkerSolver()
    undo.push(() => solver.close())
    agent = createAgent({ settings, hypervisor, transport, journal, solver, log })
    // From here on the agent closes what it was given, the journal too.
    undo.splice(0, 1)
    undo.push(() => agent.stop())
    const metrics = createMetrics(agent)
    undo.push(() => metrics.close())
    agent.events((event) => {
      if (event.kind === 'fatal') end(exitCode.failed)
    })
    api = await serveApi({
      agent,
      metrics: () => metrics.text(),
      socket: settings.api.socket,
      metricsListen: settings.api.metricsListen,
    })
    undo.push(() => api.close())
    await agent.start()
  } catch (error) {
    await takeDown()
    if (error instanceof SocketError || error instanceof IdentityError)
      throw failed(error.code, error.message)
    throw error
  }

  let signals = 0
  const onSignal = (signal: NodeJS.Signals): void => {
    signals += 1
    if (signals === 1) {
      const seconds = Math.round(limits.leaveMs / 1000)
      log.info(
        { signal },
        `stopping: VMs go on; migrations are waited for, at most ${seconds} s; a second signal ends at once`,
      )
      end(exitCode.done)
    } else {
      for (const { vm, direction, peer, phase } of agent.status().view.migrations)
        log.warn({ code: 'vm.left_waiting', vm, direction, peer, phase }, reasonText('vm.left_waiting'))
      agent.kill()
      process.exit(signal === 'SIGINT' ? exitCode.interrupted : 143)
    }
  }
  const onHangUp = (): void =>
    log.warn('SIGHUP: the configuration is read at the start only; restart the agent, which moves no VM')
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  process.on('SIGHUP', onHangUp)

  const where = [settings.api.socket, api.metricsAddress].filter((text) => text !== null)
  say(
    `drover ${droverVersion} is ready: ${settings.host.name} (${agent.host}), mode ${agent.status().view.mode}, API on ${where.join(' and ')}\n`,
  )
  notifySystemd()

  const exit = await ended
  // The API is served until the agent has ended: its operator may want to know what it waits for.
  await agent.stop()
  await takeDown()
  process.off('SIGTERM', onSignal)
  process.off('SIGINT', onSignal)
  process.off('SIGHUP', onHangUp)
  return exit
}
