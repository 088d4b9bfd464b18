/** `drover vms`: the VMs of this host, and whether each may move. */
import { coresText, durationText, memoryText } from '@drover/protocol'
import { type Command, Option } from 'commander'
import type { VmsAnswer } from '../api/client.ts'
import { clientOf } from './agent-client.ts'
import { type Io, type Paint, painter, printJson } from './io.ts'
import { type CommonOptions, command } from './options.ts'
import { table } from './table.ts'
import { shortVm } from './words.ts'

export const renderVms = ({ vms, arriving = [] }: VmsAnswer, wide: boolean, paint: Paint): string =>
  vms.length + arriving.length === 0
    ? 'No VM runs on this host.\n'
    : table([
        ['NAME', 'ID', 'STATE', 'CPU', 'MEMORY', 'MOVABLE', 'RESTS'].map((word) => paint('bold', word)),
        ...vms.map((vm) => [
          vm.name,
          wide ? vm.vm : shortVm(vm.vm),
          vm.state,
          coresText(vm.demand.cpuMilli),
          memoryText(vm.demand.memoryMiB),
          vm.fixed ?? 'yes',
          vm.cooldownMs === 0 ? '-' : durationText(vm.cooldownMs),
        ]),
        ...arriving.map(({ vm, name, alarm }) => [
          name,
          wide ? vm : shortVm(vm),
          'arriving',
          '-',
          '-',
          alarm ?? 'vm.job_active',
          '-',
        ]),
      ])

interface VmsOptions extends CommonOptions {
  readonly output: 'table' | 'wide' | 'json'
}

export const vmsCommand = (io: Io): Command =>
  command(
    'vms',
    'the VMs of this host: demand, whether each may move (or the code why not)',
    'drover vms',
    'drover vms -o wide     # whole UUIDs',
  )
    .addOption(
      new Option('-o, --output <format>', 'how to print').choices(['table', 'wide', 'json']).default('table'),
    )
    .action(async (_: unknown, self: Command) => {
      const options = self.optsWithGlobals<VmsOptions>()
      const answer = await clientOf(io, options).vms()
      if (options.json === true || options.output === 'json') printJson(io, answer)
      else io.out(renderVms(answer, options.output === 'wide', painter(io)))
    })
