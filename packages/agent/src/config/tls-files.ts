/** The certificates that the configuration names: looked at when the agent starts, not at its first migration. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { wordsOf } from '../errors.ts'
import { GivenError, givenBytes, readGiven } from '../given/read-given.ts'

export interface TlsFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface TlsFault {
  readonly key: keyof TlsFiles
  readonly text: string
}

/** What `read` makes of the file, or why it cannot. */
const tried = <T>(file: string, what: string, read: (bytes: Buffer) => T): T | string => {
  try {
    return read(readGiven(file, { bytesMax: givenBytes.settings }))
  } catch (error) {
    return error instanceof GivenError ? error.message : `${file}: is no ${what} in PEM: ${wordsOf(error)}`
  }
}

/** At least one fault for each file that cannot serve. Expiry is the hypervisor's to judge: clocks differ. */
export const tlsFaults = (files: TlsFiles): readonly TlsFault[] => {
  const certificate = (bytes: Buffer): X509Certificate => new X509Certificate(bytes)
  const ca = tried(files.ca, 'certificate', certificate)
  const cert = tried(files.cert, 'certificate', certificate)
  const key = tried(files.key, 'private key', (bytes): KeyObject => createPrivateKey(bytes))
  const faults = Object.entries({ ca, cert, key }).flatMap(([name, read]): readonly TlsFault[] =>
    typeof read === 'string' ? [{ key: name as keyof TlsFiles, text: read }] : [],
  )
  if (
    faults.length === 0 &&
    typeof cert !== 'string' &&
    typeof key !== 'string' &&
    !cert.checkPrivateKey(key)
  )
    return [{ key: 'key', text: `${files.key}: is not the key of ${files.cert}` }]
  return faults
}
