/** Options that several commands of `drover sim` share. Most of them set one key of the configuration. */
import type { Flag } from '@drover/agent/cli'
import { type Command, InvalidArgumentError } from 'commander'

interface KeyOption {
  readonly flags: string
  /** Dotted, as in the file. */
  readonly key: string
  readonly help: string
}

export const workloadOptions: readonly KeyOption[] = [
  { flags: '--hosts <n>', key: 'workload.hosts', help: 'hosts of a generated workload' },
  { flags: '--vms-per-host <n>', key: 'workload.vms_per_host', help: 'VMs on each of them' },
  { flags: '--mean <percent>', key: 'workload.mean', help: 'mean demand of a VM, % of a core' },
  { flags: '--std <percent>', key: 'workload.std', help: 'its standard deviation' },
  { flags: '--capacity <percent>', key: 'workload.capacity', help: 'CPU of a host, 700 = seven cores' },
  { flags: '--duration <s>', key: 'workload.duration_s', help: 'simulated seconds' },
]
export const replayOptions: readonly KeyOption[] = [
  {
    flags: '--scenario <kind>',
    key: 'workload.kind',
    help: 'kind of workload, without a file: vmplaces, planetlab, bitbrains, steps, waves, flash-crowds',
  },
  {
    flags: '--data <path>',
    key: 'workload.data',
    help: 'traces of planetlab (DAY.tar.gz) or bitbrains (PREFIX)',
  },
  { flags: '--events <file>', key: 'workload.events', help: 'changes of demand to replay (F.load.csv.gz)' },
  { flags: '--vms <file>', key: 'workload.vms', help: 'the VMs of these events (F.vms.csv.gz)' },
]
export const seedOption: KeyOption = {
  flags: '--seed <n>',
  key: 'seeds',
  help: 'decides all that is drawn',
}
export const sizesOption: KeyOption = {
  flags: '--hosts <list>',
  key: 'scaling.hosts',
  help: 'sizes of the cluster, as 64,256,1024',
}
export const seedsOption: KeyOption = { flags: '--seeds <list>', key: 'seeds', help: 'as 1,2,3' }
export const algorithmOption: KeyOption = {
  flags: '--algorithm <name>',
  key: 'algorithms',
  help: 'drover sim algorithms lists them',
}
export const algorithmsOption: KeyOption = {
  flags: '--algorithms <list>',
  key: 'algorithms',
  help: 'as drover,dvms,none; drover:aggressive is drover with that preset',
}
export const presetOption: KeyOption = {
  flags: '--preset <name>',
  key: 'drover.policy.preset',
  help: "drover's: conservative, balanced or aggressive",
}

export const withKeys = (self: Command, options: readonly KeyOption[]): Command => {
  for (const { flags, help } of options) self.option(flags, help)
  return self.option(
    '--set <key=value>',
    'set one key of the configuration; may be repeated',
    (pair: string, before: readonly string[]) => {
      if (pair.indexOf('=') < 1) throw new InvalidArgumentError('expected key=value')
      return [...before, pair]
    },
    [],
  )
}

/** What was typed, as keys; later ones win, so `--set` comes first. */
export const flagsOf = (self: Command, options: readonly KeyOption[]): readonly Flag[] => {
  const pairs: readonly string[] = self.getOptionValue('set') ?? []
  const set = pairs.map((pair): Flag => {
    const at = pair.indexOf('=')
    return { flag: '--set', key: pair.slice(0, at).trim(), text: pair.slice(at + 1) }
  })
  const own = options.flatMap(({ flags, key }): readonly Flag[] => {
    const [flag = ''] = flags.split(' ')
    const option = self.options.find(({ long }) => long === flag)
    const value: unknown = option === undefined ? undefined : self.getOptionValue(option.attributeName())
    return typeof value === 'string' ? [{ flag, key, text: value }] : []
  })
  return [...set, ...own]
}

export const withRunning = (self: Command): Command =>
  self
    .option('--out <dir>', 'keep runs.jsonl, runs.csv and manifest.json there')
    .option('--jobs <n>', 'processes at a time, each with one run (default 1)', (text) => {
      if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('expected a whole number from 1 on')
      return Number(text)
    })
    .option('--quiet', 'no progress')
