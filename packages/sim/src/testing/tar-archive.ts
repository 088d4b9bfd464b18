/** Packs what tests read again: a tar archive of plain files, as POSIX ustar lays it out. */
import { gzipSync } from 'node:zlib'

export interface TarEntry {
  readonly name: string
  readonly text?: string
  /** Default `0`, a file; `5` is a folder. */
  readonly type?: string
  readonly prefix?: string
}

export const tarHeader = ({ name, text = '', type = '0', prefix = '' }: TarEntry): Buffer => {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write(`${Buffer.byteLength(text).toString(8).padStart(11, '0')}\0`, 124)
  header.write('        ', 148)
  header.write(type, 156)
  header.write('ustar\x0000', 257)
  header.write(prefix, 345)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

export const tarGz = (entries: readonly TarEntry[]): Buffer => {
  const blocks = entries.flatMap((entry) => {
    const content = Buffer.from(entry.text ?? '')
    return [tarHeader(entry), content, Buffer.alloc((512 - (content.length % 512)) % 512)]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1_024)]))
}
