/** What the configuration says of this host: itself, its hypervisor, network, API and log. */
import { isMigrationUri } from '@drover/protocol'
import * as z from 'zod'
import { wordsOf } from '../errors.ts'
import {
  absolutePath,
  dialAddress,
  hostAndPort,
  listenAddress,
  path,
  socketPath,
  words,
  wordsOrNone,
} from './addresses.ts'
import { about, ms, peerId } from './fields.ts'
import { parseUri } from './libvirt-uri.ts'

export const host = z
  .strictObject({
    name: words(255)
      .optional()
      .meta(
        about({
          description: 'The name of this host, for people.',
          defaultText: "the system's host name",
          prevents: 'tables of peer ids that look alike',
        }),
      ),
    location: wordsOrNone(255)
      .default('')
      .meta(
        about({
          description:
            'Where the host stands, coarse to fine, e.g. `dc1/rack7`. Near in text = near in the ring.',
          prevents: 'migrations that cross the data centre when the next rack has room',
        }),
      ),
    failure_domain: words(255)
      .optional()
      .meta(
        about({
          description: 'What fails together with this host: a rack, a room, a power feed.',
          defaultText: 'the host is its own domain',
          prevents: 'rules that spread VMs over hosts which lose power together',
        }),
      ),
    data_dir: absolutePath.default('/var/lib/drover').meta(
      about({
        description: 'Directory of the identity key, the journal and the lock file.',
        prevents: 'two agents that share one identity or one journal',
      }),
    ),
  })
  .prefault({})

export const hypervisor = z
  .strictObject({
    driver: path.default('libvirt').meta(
      about({
        description: '`libvirt`, or the path of a module that exports `createHypervisor(options)`.',
        prevents: 'a fork of the agent for every other hypervisor',
      }),
    ),
    uri: z
      .string()
      .min(1)
      .default('qemu:///system')
      .meta(
        about({
          description: 'Connection to the hypervisor of this host.',
          prevents: 'an agent that manages the wrong set of VMs (session instead of system)',
        }),
      ),
    migration_uri: z
      .string()
      .refine(
        isMigrationUri,
        'expected something like qemu+tls://host7.example/system, without user or parameters',
      )
      .optional()
      .meta(
        about({
          description:
            "Where other hosts' hypervisors reach this one, e.g. `qemu+tls://host7.example/system`.",
          defaultText: 'derived by the driver from the host name',
          prevents: 'migrations over the management network, or to a name that others cannot resolve',
        }),
      ),
    tls: z
      .strictObject({
        ca: path.meta(
          about({
            description: 'Certificate of the authority, PEM file.',
            prevents: 'trusting any server that answers',
          }),
        ),
        cert: path.meta(
          about({
            description: 'Certificate of this host, PEM file.',
            prevents: 'being refused by hypervisors that ask for one',
          }),
        ),
        key: path.meta(
          about({
            description: 'Private key of this host, PEM file.',
            prevents: 'being refused by hypervisors that ask for one',
          }),
        ),
      })
      .optional(),
    disk_lock: z
      .enum(['none', 'lockd', 'sanlock'])
      .default('none')
      .meta(
        about({
          description:
            'The disk lock manager that libvirt is configured with. `none` hands every VM over paused (rule R2).',
          prevents: 'one VM running on two hosts after a connection broke at the wrong moment',
        }),
      ),
    shared_paths: z
      .array(absolutePath)
      .max(1_000)
      .default([])
      .meta(
        about({
          description: 'Directories that every host sees, whatever their file system looks like.',
          prevents: 'VMs that cannot move because their disks look local',
        }),
      ),
    sample_ms: ms(200, 10_000)
      .default(1_000)
      .meta(
        about({
          description:
            'How often the load of host and VMs is measured; four times as often while the host is nearly full.',
          unit: 'ms',
          prevents: 'decisions on stale numbers (too long) and a busy hypervisor (too short)',
        }),
      ),
  })
  .superRefine(({ driver, uri }, { addIssue }) => {
    if (driver !== 'libvirt') return
    try {
      parseUri(uri)
    } catch (error) {
      addIssue({ code: 'custom', path: ['uri'], message: wordsOf(error) })
    }
  })
  .prefault({})

export const network = z
  .strictObject({
    listen: z
      .array(listenAddress)
      .min(1)
      .max(64)
      .default(['/ip4/0.0.0.0/tcp/7946'])
      .meta(
        about({
          description: 'Addresses (multiaddrs) on which other agents reach this one.',
          prevents: 'an agent that listens on the wrong network',
        }),
      ),
    announce: z
      .array(dialAddress)
      .max(64)
      .default([])
      .meta(
        about({
          description: 'Addresses told to others instead of those listened on; needed behind NAT.',
          prevents: 'other agents that dial an address which exists on this host only',
        }),
      ),
    bootstrap: z
      .array(dialAddress)
      .max(1_000)
      .default([])
      .meta(
        about({
          description: 'Addresses of some other agents, with or without `/p2p/…`. Two or three are enough.',
          prevents: 'a ring of one',
        }),
      ),
    cluster_key_file: path.default('/etc/drover/cluster.key').meta(
      about({
        description:
          'File with the pre-shared key of the cluster: 32 bytes as hex or base64 (`openssl rand -base64 32`). Refused when others than owner and group may read it.',
        prevents: 'strangers that join the ring, and a secret in a configuration file',
      }),
    ),
    allow: z
      .array(peerId)
      .max(10_000)
      .optional()
      .meta(
        about({
          description: 'Peer ids of the agents that may take part.',
          defaultText: 'every host that has the cluster key',
          prevents: 'a leaked cluster key that opens every host',
        }),
      ),
  })
  .prefault({})

export const api = z
  .strictObject({
    socket: socketPath.default('/run/drover/drover.sock').meta(
      about({
        description: 'Unix socket of the local API, mode 0660: owner and group may use it.',
        prevents: 'commands from any program that reaches a port',
      }),
    ),
    metrics_listen: hostAndPort.optional().meta(
      about({
        description: '`host:port` of a TCP listener for `/metrics`, `/healthz` and `/readyz` only.',
        defaultText: 'none: only on the socket',
        prevents: 'opening the whole API to let Prometheus in',
      }),
    ),
  })
  .prefault({})

export const log = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .meta(
        about({
          description: 'Least level that is logged. `info` is one line per decision and per migration.',
          prevents: 'a full disk (too chatty) or a mystery (too quiet)',
        }),
      ),
  })
  .prefault({})
