/** The host's pressure (PSI), for a daemon on this very host. */
import { readFile } from 'node:fs/promises'
import type { Sample } from '../hypervisor-port.ts'

/** `some avg10=1.23 …`: percent of the last ten seconds in which something had to wait. Null for other text. */
export const parsePressure = (text: string): number | null => {
  const found = /^some avg10=(\d+(?:\.\d+)?)/m.exec(text)
  return found === null ? null : Number(found[1])
}

/** Null where the kernel does not tell. */
export const readPressure = async (directory: string): Promise<Sample['pressure']> => {
  try {
    const [cpu, memory] = await Promise.all(
      ['cpu', 'memory'].map(async (name) => parsePressure(await readFile(`${directory}/${name}`, 'utf8'))),
    )
    return typeof cpu === 'number' && typeof memory === 'number' ? { cpu, memory } : null
  } catch {
    return null
  }
}
