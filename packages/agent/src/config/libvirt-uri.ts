/**
 * libvirt connection URIs, as far as a socket can serve them: `qemu:///system`,
 * `qemu+unix:///system?socket=/path`, `qemu+tcp://host[:port]/system`, `qemu+tls://host[:port]/system?pkipath=/dir`.
 * https://libvirt.org/uri.html
 */
import { isMigrationUri } from '@drover/protocol'

export interface PkiPaths {
  readonly ca: string
  /** Null when this client has no certificate of its own: then the daemon must not ask for one. */
  readonly cert: string | null
  readonly key: string | null
}

export type Transport =
  /** The first socket that exists: `libvirtd` has one for all drivers, newer systems one per driver. */
  | { readonly kind: 'unix'; readonly sockets: readonly [string, ...string[]] }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'tls'
      readonly host: string
      readonly port: number
      readonly pki: PkiPaths
      readonly verify: boolean
    }

export interface LibvirtUri {
  readonly text: string
  readonly transport: Transport
  /** What the daemon is asked to open, e.g. `qemu:///system`. */
  readonly name: string
}

export const tcpPort = 16509
export const tlsPort = 16514

const systemPki: PkiPaths = {
  ca: '/etc/pki/CA/cacert.pem',
  cert: '/etc/pki/libvirt/clientcert.pem',
  key: '/etc/pki/libvirt/private/clientkey.pem',
}

const pkiIn = (directory: string): PkiPaths => ({
  ca: `${directory}/cacert.pem`,
  cert: `${directory}/clientcert.pem`,
  key: `${directory}/clientkey.pem`,
})

const socketsOf = (driver: string, path: string): readonly [string, ...string[]] => {
  if (path !== '/system') throw new TypeError(`"${driver}://${path}" needs ?socket=/path/of/the/socket`)
  return ['/run/libvirt/libvirt-sock', `/run/libvirt/virt${driver}d-sock`]
}

/** Throws `TypeError` with words for the operator. `pki` wins over the URI's own `pkipath`. */
export const parseUri = (text: string, pki?: PkiPaths): LibvirtUri => {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new TypeError(
      `"${text}" is no libvirt URI; one looks like qemu:///system or qemu+tcp://host/system`,
    )
  }
  const [driver = '', named] = url.protocol.slice(0, -1).split('+')
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const path = url.pathname === '' ? '/' : url.pathname
  // libvirt's rule: no transport named means the local socket without a host, and TLS with one.
  const transport = named ?? (host === '' ? 'unix' : 'tls')
  const name = `${driver}://${path}`
  const port = url.port === '' ? null : Number(url.port)
  switch (transport) {
    case 'unix': {
      if (host !== '') throw new TypeError(`"${text}": a unix socket has no host`)
      const socket = url.searchParams.get('socket')
      return {
        text,
        name,
        transport: { kind: 'unix', sockets: socket === null ? socketsOf(driver, path) : [socket] },
      }
    }
    case 'tcp':
      if (host === '') throw new TypeError(`"${text}" names no host`)
      return { text, name, transport: { kind: 'tcp', host, port: port ?? tcpPort } }
    case 'tls': {
      if (host === '') throw new TypeError(`"${text}" names no host`)
      const directory = url.searchParams.get('pkipath')
      const verify = url.searchParams.get('no_verify') !== '1'
      const paths = pki ?? (directory === null ? systemPki : pkiIn(directory))
      return { text, name, transport: { kind: 'tls', host, port: port ?? tlsPort, pki: paths, verify } }
    }
    default:
      throw new TypeError(`"${text}": transport "${transport}" is not supported (unix, tcp and tls are)`)
  }
}

/**
 * The URI of another host's daemon, as that host told it. libvirtd opens it as root, and knows transports that start the
 * program which the URI names (`ext`, `ssh`): only TCP and TLS are opened, to the same driver and path as here, and
 * without user or parameters. Looked at as text first, since libvirt and Node.js do not parse odd URIs alike.
 */
export const parsePeerUri = (text: string, own: LibvirtUri, pki?: PkiPaths): LibvirtUri => {
  const alone = isMigrationUri(text)
  const parsed = alone ? parseUri(text, pki) : null
  if (parsed === null || parsed.transport.kind === 'unix' || parsed.name !== own.name)
    throw new TypeError(
      `the migration URI of another host must be like qemu+tls://host/system, and nothing more`,
    )
  return parsed
}
