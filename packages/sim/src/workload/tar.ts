/** The files in a tar archive (POSIX ustar), plain or gzipped. Forty lines are less than a dependency to look after. */
import { FileError, readBytes } from './csv.ts'

export interface TarFile {
  /** With its folders, as the archive says it. */
  readonly name: string
  readonly content: Buffer
}

const blockBytes = 512

/** A field of a header: up to the first NUL. */
const field = (header: Buffer, from: number, length: number): string =>
  header.toString('latin1', from, from + length).split('\0', 1)[0]!

/** Its bytes summed up, with those of the sum itself taken as spaces. */
const checksum = (header: Buffer): number => {
  let sum = 0
  for (const [i, byte] of header.entries()) sum += i >= 148 && i < 156 ? 32 : byte
  return sum
}

/** Regular files only, in the order of the archive. Throws FileError on what it cannot read rightly. */
export const readTar = (path: string): readonly TarFile[] => {
  const bytes = readBytes(path)
  const files: TarFile[] = []
  for (let at = 0; at + blockBytes <= bytes.length; ) {
    const header = bytes.subarray(at, at + blockBytes)
    if (header[0] === 0) break
    if (Number.parseInt(field(header, 148, 8), 8) !== checksum(header))
      throw new FileError(`${path}: not a tar archive: the header at byte ${at} has a wrong checksum`)
    const size = Number.parseInt(field(header, 124, 12), 8)
    const end = at + blockBytes + size
    if (!(end <= bytes.length)) throw new FileError(`${path}: is cut off at byte ${bytes.length}`)
    const [name, type, prefix] = [field(header, 0, 100), field(header, 156, 1), field(header, 345, 155)]
    const content = bytes.subarray(at + blockBytes, end)
    if (type === '' || type === '0') files.push({ name: prefix === '' ? name : `${prefix}/${name}`, content })
    // Records of pax say times and the like, which are not needed; a name or size in them would be needed.
    else if (!(type === '5' || (/[gx]/.test(type) && !/ (path|size)=/.test(content.toString('latin1')))))
      throw new FileError(
        `${path}: ${name}: entries of type ${type} cannot be read here; pack with --format=ustar`,
      )
    at += blockBytes * (1 + Math.ceil(size / blockBytes))
  }
  return files
}
