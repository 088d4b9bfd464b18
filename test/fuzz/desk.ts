/** A command of drover that reads a file: how it ends, and what it prints. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Io } from '../../packages/agent/src/cli/io.ts'
import { printableLines } from '../../packages/agent/src/runtime.ts'
import { stackIn, type Verdict } from './target.ts'

export const createDesk = () => {
  const directory = mkdtempSync(join(tmpdir(), 'drover-fuzz-'))
  const file = join(directory, 'input')
  return {
    file,
    async judge(
      command: (file: string, io: Io) => Promise<number>,
      bytes: Uint8Array,
      exits: readonly number[],
    ): Promise<Verdict> {
      writeFileSync(file, bytes)
      let said = ''
      const say = (text: string): void => {
        said += text
      }
      const exit = await command(file, {
        out: say,
        err: say,
        env: {},
        colour: false,
        columns: null,
        onInterrupt: () => () => {},
        nowWallMs: () => 0,
        pollMs: 5,
      })
      if (!exits.includes(exit)) return `exit code ${exit}: ${said.slice(0, 400)}`
      if (printableLines(said) !== said) return `control characters: ${JSON.stringify(said.slice(0, 400))}`
      return stackIn(said)
    },
    end: (): void => rmSync(directory, { recursive: true, force: true }),
  }
}
