/** From files, environment and flags to settings: defaults, every mistake at once with its line, and which source has the last word. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { presets } from '@drover/protocol'
import { type LoadOptions, loadSettings } from './load.ts'
import { problemText } from './problem.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'drover-config-'))
  writeFileSync(join(directory, 'cluster.key'), `${Buffer.alloc(32, 7).toString('base64')}\n`, {
    mode: 0o600,
  })
})
afterEach(() => rmSync(directory, { recursive: true }))

const keyLine = () => `cluster_key_file = "${join(directory, 'cluster.key')}"`
const write = (name: string, ...lines: string[]): string => {
  mkdirSync(join(directory, 'config.d'), { recursive: true })
  const file = join(directory, name)
  writeFileSync(file, lines.join('\n'))
  return file
}
const load = (options: LoadOptions = {}) =>
  loadSettings({ defaultFile: join(directory, 'config.toml'), ...options })
/** Problems as the operator reads them, without the directory. */
const complaints = (options: LoadOptions = {}) =>
  load(options).problems.map((problem) => problemText(problem).replaceAll(`${directory}/`, ''))

test('all defaults are filled in, and the first start observes', () => {
  // The story: a file with nothing but the key is enough.
  write('config.toml', '[network]', keyLine())
  const { settings, problems, warnings } = load()
  assert.deepEqual(problems, [])
  assert.deepEqual(
    warnings.map((warning) => warning.key),
    ['network.bootstrap'],
  )
  assert.equal(settings?.mode, 'observe')
  assert.equal(settings.policy.cooldownMs, presets.balanced.cooldownMs)
  assert.equal(settings.policy.bandwidthMiBps, null)
  assert.equal(settings.hypervisor.uri, 'qemu:///system')
  assert.deepEqual(settings.network.clusterKey, new Uint8Array(32).fill(7))
  assert.notEqual(settings.host.name, '')
})

test('all mistakes are reported at once, each with its line and a suggestion', () => {
  // The story: a tired operator made nine mistakes; one run of `config validate` names them all.
  write(
    'config.toml',
    'mode = "auot"', // 1
    '[network]', // 2
    keyLine(), // 3
    'bootstrapp = []', // 4
    'listen = "7946"', // 5
    '', // 6
    '[policy]', // 7
    'cooldown = 5', // 8
    'overloadHoldMs = 5', // 9
    'migrations_out_max = "two"', // 10
    'clear_permille = 1200', // 11
    'sample_ms = 5', // 12
    '[[rules]]', // 13
    'kind = "spred"', // 14
    'vms = []', // 15
    '[[rules]]', // 16
    'kind = "ban"', // 17
    'vms = ["db1"]', // 18
    'hosts = ["host7"]', // 19
  )
  assert.deepEqual(complaints().sort(), [
    'config.toml:10: policy.migrations_out_max: expected a number, got "two"',
    'config.toml:11: policy.clear_permille: must be at most 1000, is 1200',
    'config.toml:12: policy.sample_ms: unknown key; did you mean hypervisor.sample_ms?',
    'config.toml:14: rules[0].kind: expected "spread", "ban", "fence" or "labelCapacity", got "spred"; did you mean spread?',
    'config.toml:18: rules[1].vms[0]: expected the UUID of a VM (`drover vms` and `virsh domuuid NAME` print it): a name means nothing on hosts that do not have the VM, got "db1"',
    'config.toml:19: rules[1].hosts[0]: expected the peer id of an agent (`drover members` prints it): names of hosts are not unique enough to forbid things by, got "host7"',
    'config.toml:1: mode: expected "observe" or "auto", got "auot"; did you mean auto?',
    'config.toml:4: network.bootstrapp: unknown key; did you mean network.bootstrap?',
    'config.toml:5: network.listen: expected a list, got "7946"',
    'config.toml:8: policy.cooldown: unknown key; did you mean policy.cooldown_ms?',
    'config.toml:9: policy.overloadHoldMs: unknown key; did you mean policy.overload_hold_ms?',
  ])
})

test('names that every object has are keys like any other: unknown, with their line', () => {
  // The story: a key that a generator wrote, beside an ordinary mistake; the process stays as it was.
  write(
    'config.toml',
    '["__proto__"]', // 1
    'a = 1', // 2
    '[network]', // 3
    keyLine(), // 4
    '[policy]', // 5
    'preset = 1.5', // 6
    'toString = 1', // 7
    '[[rules]]', // 8
    'kind = "spread"', // 9
    'vms = ["6fa9ec2d-2c4e-4f6e-8f0e-4f2b7c1d0001", "6fa9ec2d-2c4e-4f6e-8f0e-4f2b7c1d0002"]', // 10
    '[policy.__proto__]', // 11
    'cooldown_ms = 5', // 12
    '[constructor.prototype]', // 13
    'b = 1', // 14
  )
  const flags = ['__proto__.c', 'policy.constructor.d', 'network.__proto__'].map((key) => ({
    flag: '--set',
    key,
    text: '1',
  }))
  const env = { DROVER_POLICY____PROTO__: '1', DROVER_CONSTRUCTOR: '1' }
  assert.deepEqual(complaints({ flags, env }).sort(), [
    '--set: network.__proto__: unknown key',
    '--set: policy.constructor: unknown key',
    'config.toml:11: policy.__proto__: unknown key',
    'config.toml:13: constructor: unknown key',
    'config.toml:1: __proto__: unknown key',
    'config.toml:6: policy.preset: expected "conservative", "balanced" or "aggressive", got 1.5',
    'config.toml:7: policy.toString: unknown key',
    'environment DROVER_POLICY____PROTO__: policy..proto.: unknown key',
  ])
  assert.deepEqual(Object.keys(Object.prototype), [])
  assert.equal(({} as { cooldown_ms?: number }).cooldown_ms, undefined)
})

test('a migration URI that no other host would open is refused at the start', () => {
  // The story: what is pasted from virsh, and a path of a key that no other host has.
  for (const uri of [
    'not a uri',
    'qemu+ssh://root@h/system',
    'qemu+tls://h/system?pkipath=/x',
    'qemu:///system',
  ]) {
    write('config.toml', '[network]', keyLine(), '[hypervisor]', `migration_uri = "${uri}"`)
    assert.match(
      complaints()[0] ?? '',
      /^config.toml:4: hypervisor.migration_uri: expected something like qemu\+tls/,
    )
  }
  write(
    'config.toml',
    '[network]',
    keyLine(),
    '[hypervisor]',
    'migration_uri = "qemu+tls://h.example:1/system"',
  )
  assert.deepEqual(complaints(), [])
})

test('later sources win, and the complaint names the source that spoke last', () => {
  // The story: distribution file, site file, systemd drop-in, flag. Rules of both files hold.
  write('config.toml', 'mode = "observe"', '[network]', keyLine(), '[policy]', 'preset = "conservative"')
  const spread =
    'kind = "spread"\nvms = ["6fa9ec2d-2c4e-4f6e-8f0e-4f2b7c1d0001", "6fa9ec2d-2c4e-4f6e-8f0e-4f2b7c1d0002"]'
  write('config.d/10-rules.toml', '[[rules]]', spread)
  write('config.d/20-more.toml', '[policy]', 'cooldown_ms = 5000', '[[rules]]', spread)
  const env = {
    DROVER_POLICY__COOLDOWN_MS: '6000',
    DROVER_NETWORK__BOOTSTRAP: '/ip4/10.0.0.1/tcp/1, /ip4/10.0.0.2/tcp/2',
    DROVER_SERVICE_HOST: '10.96.0.1',
  }
  const flags = [{ flag: '--mode', key: 'mode', text: 'auto' }]
  const { settings, problems } = load({ env, flags })
  assert.deepEqual(problems, [])
  assert.equal(settings?.mode, 'auto')
  assert.equal(settings.policy.cooldownMs, 6000)
  assert.equal(settings.policy.gainMinPermille, presets.conservative.gainMinPermille)
  assert.deepEqual(settings.network.bootstrap, ['/ip4/10.0.0.1/tcp/1', '/ip4/10.0.0.2/tcp/2'])
  assert.equal(settings.rules.length, 2)

  write('config.d/30-wrong.toml', '', '[[rules]]', 'kind = "fence"', 'vms = []')
  assert.deepEqual(
    complaints({
      env: { DROVER_POLICY__COOLDOWN_MS: 'long', DROVER_POLICY__COOLDWN_MS: '1', DROVER_MODEE: 'auto' },
      flags: [{ flag: '--set', key: 'log.levle', text: 'info' }],
    }).sort(),
    [
      '--set: log.levle: unknown key; did you mean log.level?',
      'config.d/30-wrong.toml:2: rules[2].hosts: is missing',
      'config.d/30-wrong.toml:4: rules[2].vms: needs at least 1 entry',
      'environment DROVER_MODEE: modee: unknown key; did you mean DROVER_MODE?',
      'environment DROVER_POLICY__COOLDOWN_MS: policy.cooldown_ms: expected a number, got "long"',
      'environment DROVER_POLICY__COOLDWN_MS: policy.cooldwn_ms: unknown key; did you mean DROVER_POLICY__COOLDOWN_MS?',
    ],
  )
})

test('a file that is no TOML, or a missing value, has a line, too', () => {
  // The story: a missing quote, and a typing error in the name of the file.
  write('config.toml', '[network]', keyLine(), '', 'listen = ["a]')
  const [complaint] = complaints()
  assert.match(complaint ?? '', /^config\.toml:4: not TOML: /)
  assert.deepEqual(
    complaints({ file: join(directory, 'nowhere.toml') })[0],
    'nowhere.toml: no such file (ENOENT)',
  )
})

test('a key file that others than owner and group can read is refused', () => {
  // The story: the key was copied with scp and lost its mode; or it is no key at all; or it is not there.
  const file = write('config.toml', '[network]', keyLine())
  chmodSync(join(directory, 'cluster.key'), 0o644)
  assert.match(
    complaints()[0] ?? '',
    /config\.toml:2: network\.cluster_key_file: .*open to every user.*chmod 640/,
  )
  write('config.toml', 'mode = 1', '[network]', keyLine())
  assert.deepEqual(
    load().problems.map((problem) => problem.key),
    ['mode', 'network.cluster_key_file'],
  )
  chmodSync(join(directory, 'cluster.key'), 0o600)
  write('config.toml', '[network]', keyLine())
  writeFileSync(join(directory, 'cluster.key'), 'hunter2')
  assert.match(complaints()[0] ?? '', /does not hold 32 bytes/)
  rmSync(join(directory, 'cluster.key'))
  assert.match(complaints()[0] ?? '', /does not exist; `openssl rand -base64 32` makes one/)
  const elsewhere = load({ file, secrets: 'noted' })
  assert.deepEqual(elsewhere.problems, [])
  assert.match(elsewhere.warnings[0]?.text ?? '', /does not exist/)
  assert.equal(elsewhere.settings?.network.clusterKey, null)
})

test('a file that is none, or more than a configuration can be, is one problem, and ends at once', () => {
  const at = (file: string) => complaints({ file })[0] ?? ''
  const of = (text: string) => at(write('odd.toml', text))
  assert.equal(at('/dev/zero'), '/dev/zero: is a device, not a file')
  assert.equal(at(directory), `${directory}: is a directory (EISDIR)`)
  assert.equal(of(`a = ${'['.repeat(500_000)}`), 'odd.toml:1: not TOML: nested deeper than 64 levels')
  assert.equal(of(`\n${'a.'.repeat(100_000)}a = 1`), 'odd.toml:2: not TOML: a key of more than 64 parts')
  assert.match(of(`a = [${'1,'.repeat(300_000)}]`), /odd.toml:1: not TOML: more than 100000 values/)
  assert.match(of(`a = "${'x'.repeat(500_000)}"`), /odd.toml:1: not TOML: a text of more than/)
  assert.match(of('x'.repeat(2 ** 20 + 1)), /is larger than 1 MiB/)
  assert.equal(of('"a\\u001b[31m" = 1'), 'odd.toml:1: a\\u001b[31m: unknown key')
})

test('what no machine could listen on, dial, open or wait for is refused, with its line', () => {
  const of = (section: string, ...lines: string[]) =>
    complaints({
      file: write('one.toml', '[network]', keyLine(), ...(section === '' ? [] : [section]), ...lines),
    })
  const wrong = (section: string, line: string, text: string | RegExp): void => {
    const [first = 'nothing', ...more] = of(section, line)
    assert.deepEqual(more, [], line)
    const at = `one.toml:${section === '' ? 3 : 4}: `
    assert.ok(first.startsWith(at), first)
    if (typeof text === 'string') assert.equal(first, at + text)
    else assert.match(first, text)
  }
  wrong(
    '[api]',
    'metrics_listen = "127.0.0.1:99999"',
    'api.metrics_listen: the port must be from 0 to 65535, got "127.0.0.1:99999"',
  )
  for (const host of ['300.0.0.1', '[::g]', '::1', 'a b', '', '-a', 'ho\\u0000st'])
    wrong('[api]', `metrics_listen = "${host}:9946"`, /api\.metrics_listen: expected host:port/)
  wrong(
    '',
    'listen = ["/ip4/300.0.0.1/tcp/1"]',
    'network.listen[0]: 300.0.0.1 is no ip4 address, got "/ip4/300.0.0.1/tcp/1"',
  )
  wrong('', 'listen = ["/ip6/::g/tcp/1"]', /no ip6 address/)
  wrong('', 'listen = ["/ip4/10.0.0.7/tcp/65536"]', /port must be from 0 to 65535/)
  wrong('', 'listen = ["/ip4/10.0.0.7/udp/7946/quic-v1"]', /agents speak TCP only/)
  wrong('', 'listen = ["/garlic/x"]', /expected a multiaddr such as/)
  wrong('', 'bootstrap = ["/ip4/10.0.0.7/tcp/0"]', /port must be from 1 to 65535/)
  wrong('', 'bootstrap = ["/ip4/10.0.0.7/tcp/7946/p2p/me"]', /no \/p2p\/ with a peer id/)
  wrong('', 'bootstrap = ["/dns4/300.0.0.1/tcp/1"]', /no dns4 address/)
  wrong(
    '[api]',
    `socket = "/${'s'.repeat(200)}"`,
    `api.socket: has 201 bytes, and the path of a socket has at most 107, got "/${'s'.repeat(200)}"`,
  )
  wrong('[api]', 'socket = "drover.sock"', /api\.socket: must be an absolute path/)
  wrong('[host]', 'data_dir = "data"', /host\.data_dir: must be an absolute path/)
  wrong('[host]', `data_dir = "/${'d'.repeat(256)}"`, /host\.data_dir: has a name of more than 255 bytes/)
  wrong('[host]', 'data_dir = "/a\\u0000b"', /host\.data_dir: has control characters/)
  wrong('[host]', 'name = "  "', 'host.name: is blank')
  wrong('[host]', 'name = "a\\nb"', 'host.name: has control characters')
  wrong('[host]', 'location = "a\\u202eb"', 'host.location: has control characters')
  wrong('[hypervisor]', 'uri = "xen:///"', /hypervisor\.uri: "xen:\/\/\/" needs \?socket/)
  wrong(
    '[hypervisor]',
    'uri = "qemu+ssh://host/system"',
    /hypervisor\.uri: .*transport "ssh" is not supported/,
  )
  wrong('[hypervisor]', 'uri = "qemu"', /hypervisor\.uri: "qemu" is no libvirt URI/)
  wrong('[policy]', 'clear_permille = 1', 'policy.clear_permille: must be at least 500, is 1')
  for (const key of [
    'cooldown_ms',
    'overload_hold_ms',
    'quarantine_ms',
    'forecast_gain_ms_min',
    'bandwidth_mib_per_s',
  ])
    wrong(
      '[policy]',
      `${key} = 9007199254740991`,
      new RegExp(`policy\\.${key}: must be at most \\d+, is 9007199254740991`),
    )
  wrong('[reserve]', 'memory_mib = 9007199254740991', /reserve\.memory_mib: must be at most/)
  const vm = '6fa9ec2d-2c4e-4f6e-8f0e-4f2b7c1d0001'
  wrong('[[rules]]', `vms = ["${vm}", "${vm}"]\nkind = "spread"`, `rules[0].vms[1]: ${vm} is listed twice`)
  for (const [section, line] of [
    [
      '',
      'listen = ["/ip4/0.0.0.0/tcp/0", "/ip6/::/tcp/7946", "/ip6zone/eth0/ip6/fe80::1/tcp/1", "/dns/host-1.example/tcp/7946"]',
    ],
    ['', `bootstrap = ["/ip4/10.0.0.7/tcp/7946/p2p/12D3KooW${'A'.repeat(44)}", "/dnsaddr/drover.example"]`],
    ['[api]', 'metrics_listen = "[::1]:0"'],
    ['[api]', 'metrics_listen = "node_7.example:9946"'],
    ['[hypervisor]', 'driver = "./my-driver.js"\nuri = "anything"'],
  ] as const)
    assert.deepEqual(of(section, line), [], line)
})

test('certificates that are not there, or are none, are told before a migration needs them', () => {
  const [ca, cert, key] = ['ca', 'cert', 'key'].map((name) => join(directory, `${name}.pem`))
  const tls = [
    '[network]',
    keyLine(),
    '[hypervisor.tls]',
    `ca = "${ca}"`,
    `cert = "${cert}"`,
    `key = "${key}"`,
  ]
  const file = write('tls.toml', ...tls)
  assert.deepEqual(complaints({ file }), [
    'tls.toml:4: hypervisor.tls.ca: ca.pem: no such file (ENOENT)',
    'tls.toml:5: hypervisor.tls.cert: cert.pem: no such file (ENOENT)',
    'tls.toml:6: hypervisor.tls.key: key.pem: no such file (ENOENT)',
  ])
  const noted = load({ file, secrets: 'noted' })
  assert.deepEqual([noted.problems.length, noted.warnings.length], [0, 4])
  for (const name of ['ca', 'cert', 'key']) write(`${name}.pem`, 'no PEM')
  assert.match(
    complaints({ file }).join('\n'),
    /:4: .*ca\.pem: is no certificate in PEM.*\n.*cert\.pem: is no certificate.*\n.*key\.pem: is no private key/,
  )
})
