/** drover's own version, as `package.json` says. */
import { readFileSync } from 'node:fs'

const told: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

export const droverVersion: string =
  typeof told === 'object' && told !== null && 'version' in told ? String(told.version) : 'unknown'
