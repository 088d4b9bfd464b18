/** Is a file on storage that other hosts see too? Asked before offering a VM for migration. */
import { statfs } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** Magic numbers of network and cluster file systems (statfs(2)): the ones that libvirt trusts too. */
const sharedMagic: ReadonlySet<number> = new Set([
  0x6969, // nfs
  0xff534d42, // cifs
  0xfe534d42, // smb2
  0x517b, // smb
  0x01161970, // gfs2
  0x7461636f, // ocfs2
  0x5346414f, // afs
  0x00c36400, // ceph
  0x47504653, // gpfs
  0x0bd00bd0, // lustre
  0x65735546, // fuse: gluster and others
])

export interface SharedStorage {
  /** As far as it is known. A file that cannot be looked at (gone, or on a remote daemon's host) counts as local: then its VM stays. */
  isShared(path: string): boolean
  /** Looks at files of which nothing is known, or nothing new; forgets all others. Waits for no file system that is silent. */
  learn(paths: readonly string[]): Promise<void>
}

export interface SharedStorageInit {
  /** Directories that the operator declares shared whatever their file system is. */
  readonly sharedPaths: readonly string[]
  /** The daemon is on this machine. */
  readonly local: boolean
  readonly warn: (message: string) => void
  /** The type of the file system below a path. Default: the kernel's answer. */
  readonly typeOf?: (path: string) => Promise<number>
  /** Monotonic, ms. */
  readonly now?: () => number
}

/** A path is looked at again after so long, ms: something else may be mounted there by then. */
const knownMsMax = 60_000
/** A file system that answers at all answers in less than that, ms. */
const answerMsMax = 500

/**
 * A network file system whose server is gone answers nothing, for hours, and the thread that asks it stands still. So it is never asked in the
 * thread that everything else of the agent runs in, and by one question at a time: each unanswered one keeps one of a few threads.
 */
export const createSharedStorage = (init: SharedStorageInit): SharedStorage => {
  const {
    local,
    warn,
    typeOf = async (path) => (await statfs(path)).type,
    now = () => performance.now(),
  } = init
  const prefixes = init.sharedPaths.map((path) => (path.endsWith('/') ? path : `${path}/`))
  const known = new Map<string, { readonly shared: boolean; readonly atMs: number }>()
  /** The question that has no answer yet. */
  let open: string | null = null

  const isDeclared = (path: string): boolean => prefixes.some((prefix) => path.startsWith(prefix))

  const ask = async (path: string): Promise<void> => {
    open = path
    const shared = await typeOf(path).then(
      (type) => sharedMagic.has(type >>> 0),
      () => false,
    )
    known.set(path, { shared, atMs: now() })
    open = null
  }

  return {
    isShared: (path) => isDeclared(path) || (known.get(path)?.shared ?? false),
    async learn(paths) {
      const wanted = new Set(paths)
      for (const path of known.keys()) if (!wanted.has(path)) known.delete(path)
      if (!local) return
      for (const path of wanted) {
        const { atMs } = known.get(path) ?? { atMs: Number.NEGATIVE_INFINITY }
        if (isDeclared(path) || now() - atMs < knownMsMax) continue
        if (open !== null) return
        await Promise.race([ask(path), delay(answerMsMax, undefined, { ref: false })])
        if (open !== null) warn(`${path}: its file system does not answer; what is known of it stands`)
      }
    },
  }
}
