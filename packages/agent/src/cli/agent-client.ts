/** Which agent a command talks to. */
import { type ApiClient, createApiClient } from '../api/client.ts'
import { socketFault } from '../config/addresses.ts'
import { loadSettings } from '../config/load.ts'
import { fileSchema } from '../config/schema.ts'
import { CliFailure, exitCode } from './exit.ts'
import type { Io } from './io.ts'
import type { CommonOptions } from './options.ts'

/** What stands in `key` was given by a person, or a script: a path that no socket can have is told as such. */
const checked = (key: string, text: string | undefined): string | undefined => {
  const fault = text === undefined ? null : socketFault(text)
  if (fault === null) return text
  throw new CliFailure(exitCode.usage, 'config.invalid', `${key}: ${fault}, got ${JSON.stringify(text)}`)
}

/** `--socket`, else what the agent of this host would use. */
export const clientOf = (io: Io, options: CommonOptions): ApiClient => {
  const socket =
    checked('--socket', options.socket) ??
    checked('DROVER_API__SOCKET', io.env['DROVER_API__SOCKET']) ??
    loadSettings({ env: io.env, secrets: 'noted' }).settings?.api.socket ??
    fileSchema.parse({}).api.socket
  return createApiClient(socket, undefined, options.json !== true)
}
