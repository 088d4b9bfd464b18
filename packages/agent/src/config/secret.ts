/** Secrets come from files only: never from the configuration, the environment or a flag. */
import { statSync } from 'node:fs'
import { systemCodeOf } from '../errors.ts'
import { GivenError, givenBytes, readGiven } from '../given/read-given.ts'

export type Secret =
  | { readonly kind: 'key'; readonly bytes: Uint8Array }
  | { readonly kind: 'refused'; readonly text: string }

const keyBytes = 32
const remedy = '`openssl rand -base64 32` makes one'

/** Reads the cluster key: 32 bytes as hex or base64, from a file that only owner and group may touch. */
export const readClusterKey = (file: string): Secret => {
  const refused = (text: string): Secret => ({ kind: 'refused', text })
  let text: string
  try {
    const mode = statSync(file).mode & 0o777
    if ((mode & 0o007) !== 0)
      return refused(
        `${file} is open to every user of this host (mode ${mode.toString(8)}); chmod 640 it, and make a new key if it was there for long`,
      )
    if ((mode & 0o020) !== 0)
      return refused(`${file} can be replaced by its group (mode ${mode.toString(8)}); chmod 640 it`)
    text = readGiven(file, { bytesMax: givenBytes.settings }).toString('latin1').trim()
  } catch (error) {
    if (error instanceof GivenError) return refused(error.message)
    const code = systemCodeOf(error)
    return refused(
      code === 'ENOENT'
        ? `${file} does not exist; ${remedy}, and every host of the cluster needs the same`
        : `${file} cannot be read (${code ?? String(error)})`,
    )
  }
  const bytes = /^[0-9a-fA-F]{64}$/.test(text)
    ? Buffer.from(text, 'hex')
    : /^[A-Za-z0-9+/_-]+={0,2}$/.test(text)
      ? Buffer.from(text, 'base64')
      : Buffer.alloc(0)
  if (bytes.length !== keyBytes)
    return refused(`${file} does not hold ${keyBytes} bytes as hex or base64; ${remedy}`)
  return { kind: 'key', bytes: new Uint8Array(bytes) }
}
