/** Turns libp2p's own log off. It is written for libp2p's developers, and formatting it costs more CPU than our messages. */
import type { ComponentLogger, Logger } from '@libp2p/interface'

const silent: Logger = Object.assign(() => undefined, {
  error: () => undefined,
  trace: () => undefined,
  enabled: false,
  newScope: () => silent,
})

export const quiet: ComponentLogger = { forComponent: () => silent }
