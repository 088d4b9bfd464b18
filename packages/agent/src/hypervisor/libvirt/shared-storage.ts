/** Is a file on storage that other hosts see too? Asked before offering a VM for migration. */
import { statfsSync } from 'node:fs'

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

/**
 * `sharedPaths` are directories that the operator declares shared whatever their file system is.
 * A file that cannot be looked at (gone, or on a remote daemon's host) counts as local: then the VM stays.
 */
export const isSharedOf = (sharedPaths: readonly string[], local: boolean): ((path: string) => boolean) => {
  const prefixes = sharedPaths.map((path) => (path.endsWith('/') ? path : `${path}/`))
  return (path) => {
    if (prefixes.some((prefix) => path.startsWith(prefix))) return true
    if (!local) return false
    try {
      return sharedMagic.has(statfsSync(path).type >>> 0)
    } catch {
      return false
    }
  }
}
