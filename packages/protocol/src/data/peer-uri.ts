/**
 * Where another host's hypervisor is reached: text that a peer chose, and that the hypervisor here opens as root.
 * libvirt has transports that start a program which the URI names (`qemu+ext://…?command=`, `qemu+ssh://…?netcat=`) and
 * parameters that name files. So a peer's URI may differ from this host's own, which its operator configured, in
 * nothing but host and port (ADR 015). Every use of a peer's URI asks here: only this file makes a `PeerUri`.
 */
import { limits } from './config.ts'
import type { PeerUri } from './ids.ts'

/** A scheme, a host name, IPv4 or IPv6 address, perhaps a port and a path; no user, parameters or fragment. */
const form =
  /^([a-z][a-z0-9+.-]*):\/\/(?:\[[0-9a-f:.]+\]|[a-z0-9_][a-z0-9_.-]*)(?::([0-9]{1,5}))?(\/[a-z0-9_./-]*)?$/i

interface Parts {
  readonly scheme: string
  readonly path: string
}

const partsOf = (uri: string): Parts | null => {
  const found = uri.length > limits.uriCharsMax ? null : form.exec(uri)
  if (found === null) return null
  const [, scheme = '', port = '1', path = ''] = found
  return Number(port) < 1 || Number(port) > 65_535 ? null : { scheme: scheme.toLowerCase(), path }
}

/** Is it of the form that other hosts open? For the configuration of this host's own. */
export const isMigrationUri = (uri: string): boolean => partsOf(uri) !== null

/** TLS proves which host answers, and plain TCP nothing: a host on TCP may go to one on TLS, never the other way. */
const stronger = (scheme: string): string => scheme.replace(/\+tcp$/, '+tls')

/** Why this host does not open a peer's URI, in words that follow it, or null. `own`: where others reach this host. */
export const uriTrouble = (own: string, uri: string): string | null => {
  const here = partsOf(own)
  const there = partsOf(uri)
  if (here === null) return 'cannot be compared with the migration URI of this host'
  if (there === null) return 'is not scheme://host[:port]/path alone'
  if (there.scheme !== here.scheme && there.scheme !== stronger(here.scheme))
    return `is not of the scheme of this host, ${here.scheme}`
  return there.path === here.path
    ? null
    : `does not end as that of this host, ${here.path || 'without a path'}`
}

/**
 * `announced`: what the peer's own summary says. Null = no summary of it is known, and `uri` is one that was looked at when it was written
 * down: its agent may be dead, and its hypervisor has to be asked all the same.
 */
export const peerUri = (
  own: string,
  announced: string | null,
  uri: string,
): PeerUri | { readonly why: string } => {
  const why = uriTrouble(own, uri)
  if (why !== null) return { why }
  return announced === null || announced === uri
    ? (uri as PeerUri)
    : { why: 'is not the one that the host announces' }
}

/** Text of others in a message for people: no control characters, and not too much of it. */
export const quoted = (text: string): string =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    '?',
  )
