/** `drover sim`: what the program `drover` loads when somebody asks for it. */
import type { Io } from '@drover/agent/cli'
import { Command } from 'commander'

export const createCommand = (_io: Io): Command =>
  new Command('sim').description('simulate clusters: run, compare, gen, report, scale')
