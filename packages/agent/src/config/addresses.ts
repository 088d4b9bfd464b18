/** Forms of addresses, paths and names in the configuration. What no machine could listen on, dial or open is refused here, with the line. */
import { isIP, isIPv4, isIPv6 } from 'node:net'
import * as z from 'zod'
import { wholeOf } from '../given/decimal.ts'
import { printable } from '../given/printable.ts'

const portMax = 65_535
/** `sun_path` of Linux has 108 bytes, the last of them zero. */
const socketBytesMax = 107
const pathBytesMax = 4_095
const fileNameBytesMax = 255
const hostNameCharsMax = 253

/** Letters, digits, hyphens and dots; what looks like an IPv4 address, and is none, is no name. */
const isHostName = (text: string): boolean =>
  text.length <= hostNameCharsMax &&
  text.split('.').every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label)) &&
  !/^[\d.]+$/.test(text)

/** Null: as it should be. */
const portFault = (text: string | undefined, min: number): string | null =>
  wholeOf(text ?? '', min, portMax) === null ? `the port must be from ${min} to ${portMax}` : null

/** By what stands before the address. */
const isAddress: Readonly<Record<string, (text: string) => boolean>> = {
  ip4: isIPv4,
  ip6: isIPv6,
  dns: isHostName,
  dns4: isHostName,
  dns6: isHostName,
}

export const peerIdForm = /^(12D3KooW|16Uiu2HA|Qm)[1-9A-HJ-NP-Za-km-z]{30,60}$/

/** Agents speak TCP only. `/dnsaddr/name` finds addresses in DNS. Null: as it should be. */
const multiaddrFault = (text: string, portMin: number): string | null => {
  const form = 'expected a multiaddr such as /ip4/10.0.0.7/tcp/7946'
  const [before, ...parts] = text.split('/')
  if (before !== '') return form
  if (parts[0] === 'ip6zone') parts.splice(0, 2)
  const [kind = '', address = ''] = parts.splice(0, 2)
  const known = kind === 'dnsaddr' || Object.hasOwn(isAddress, kind)
  if (!known) return form
  if (!(isAddress[kind] ?? isHostName)(address)) return `${address || 'nothing'} is no ${kind} address`
  if (kind !== 'dnsaddr' || parts[0] === 'tcp') {
    const [protocol, port] = parts.splice(0, 2)
    if (protocol !== 'tcp') return `agents speak TCP only: ${form}`
    const fault = portFault(port, portMin)
    if (fault !== null) return fault
  }
  if (parts.length === 0) return null
  const [name, peer = '', ...rest] = parts
  return name === 'p2p' && peerIdForm.test(peer) && rest.length === 0
    ? null
    : `what follows the port is no /p2p/ with a peer id: ${form}`
}

const refined = (fault: (text: string) => string | null) =>
  z.string().superRefine((text, { addIssue }) => {
    const found = fault(text)
    if (found !== null)
      addIssue({ code: 'custom', message: printable(`${found}, got ${JSON.stringify(text)}`) })
  })

/** An agent listens on it; port 0 means any free port. */
export const listenAddress = refined((text) => multiaddrFault(text, 0))
/** An agent dials it. */
export const dialAddress = refined((text) => multiaddrFault(text, 1))

export const hostAndPort = refined((text) => {
  const form = 'expected host:port, e.g. 127.0.0.1:9946'
  const at = text.lastIndexOf(':')
  const host = text.slice(0, Math.max(0, at))
  const bracketed = /^\[(.*)\]$/.exec(host)?.[1]
  const isHost = bracketed === undefined ? isIP(host) === 4 || isHostName(host) : isIPv6(bracketed)
  return isHost ? portFault(text.slice(at + 1), 0) : form
})

const pathFault = (text: string): string | null =>
  text.trim() === ''
    ? 'must not be empty'
    : printable(text) !== text
      ? 'has control characters'
      : Buffer.byteLength(text) > pathBytesMax
        ? `is longer than ${pathBytesMax} bytes`
        : text.split('/').some((name) => Buffer.byteLength(name) > fileNameBytesMax)
          ? `has a name of more than ${fileNameBytesMax} bytes, which no file system takes`
          : null

/** Relative ones begin where the agent was started. */
export const path = refined(pathFault)
export const absolutePath = refined((text) =>
  text.startsWith('/') ? pathFault(text) : 'must be an absolute path, the same wherever a program is started',
)
/** Of the path that a command is given: it may be relative, from where the command starts. Null: as it should be. */
export const socketFault = (text: string): string | null =>
  Buffer.byteLength(text) > socketBytesMax
    ? `has ${Buffer.byteLength(text)} bytes, and the path of a socket has at most ${socketBytesMax}`
    : pathFault(text)
export const socketPath = refined((text) =>
  text.startsWith('/')
    ? socketFault(text)
    : 'must be an absolute path: agent and commands start in different directories',
)

/** Words for people, in tables and messages of all hosts: one line that can be seen. */
export const wordsOrNone = (charsMax: number) =>
  z
    .string()
    .max(charsMax)
    .refine((text) => printable(text) === text, 'has control characters')
export const words = (charsMax: number) =>
  wordsOrNone(charsMax)
    .min(1)
    .refine((text) => text === '' || text.trim() !== '', 'is blank')
