/** Which agent a command talks to. */
import { type ApiClient, createApiClient } from '../api/client.ts'
import { loadSettings } from '../config/load.ts'
import { fileSchema } from '../config/schema.ts'
import type { Io } from './io.ts'
import type { CommonOptions } from './options.ts'

/** `--socket`, else what the agent of this host would use. */
export const clientOf = (io: Io, options: CommonOptions): ApiClient => {
  const socket =
    options.socket ??
    io.env['DROVER_API__SOCKET'] ??
    loadSettings({ env: io.env, secrets: 'noted' }).settings?.api.socket ??
    fileSchema.parse({}).api.socket
  return createApiClient(socket, undefined, options.json !== true)
}
