/** libp2p's own log is off: its words are for its developers, and formatting them costs more than our messages. */
import type { ComponentLogger, Logger } from '@libp2p/interface'

const silent: Logger = Object.assign(() => undefined, {
  error: () => undefined,
  trace: () => undefined,
  enabled: false,
  newScope: () => silent,
})

export const quiet: ComponentLogger = { forComponent: () => silent }
