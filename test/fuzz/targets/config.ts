/** Configurations: `drover config validate` on a file. */
import { runCli } from '../../../packages/agent/src/cli/main.ts'
import { createDesk } from '../desk.ts'
import { mutatedBytes, mutatedLines, rawBytes } from '../mutate.ts'
import { asked, type Target } from '../target.ts'

/** All keys of the page, with values that are right. */
const full = `mode = "auto"
[host]
name = "hv1"
location = "dc1/rack7"
failure_domain = "rack7"
data_dir = "/var/lib/drover"
[capacity]
cpu_milli = 64000
memory_mib = 262144
[reserve]
cpu_milli = 4000
memory_mib = 8192
[hypervisor]
uri = "qemu:///system"
migration_uri = "qemu+tls://host7.example/system"
disk_lock = "none"
shared_paths = ["/srv/vms"]
sample_ms = 1000
[network]
listen = ["/ip4/0.0.0.0/tcp/7946", "/ip6/::/tcp/7946"]
announce = ["/dns4/hv1.example/tcp/7946"]
bootstrap = ["/ip4/10.0.0.7/tcp/7946"]
cluster_key_file = "/etc/drover/cluster.key"
[policy]
preset = "balanced"
overload_hold_ms = 60000
clear_permille = 950
act_early = true
cooldown_ms = 1_800_000
migrations_out_max = 1
bandwidth_mib_per_s = 119
[[rules]]
name = "database replicas"
kind = "spread"
vms = ["6fa9ec2d-2c4e-4f6e-8f0e-4f2b7c1d0001", "6fa9ec2d-2c4e-4f6e-8f0e-4f2b7c1d0002"]
[[rules]]
kind = "labelCapacity"
label = "web"
amount = 2
weight = 5
[api]
socket = "/run/drover/drover.sock"
metrics_listen = "127.0.0.1:9946"
[log]
level = "info"
`

export const configTarget = (): Target => {
  const desk = createDesk()
  return {
    name: 'config',
    bounds: asked,
    shortRuns: 500,
    input(random) {
      if (random.chance(0.03)) return rawBytes(random, 300)
      if (random.chance(0.3)) return mutatedBytes(random, Buffer.from(full))
      let text = full
      for (let left = random.integer(1, 3); left > 0; left--) text = mutatedLines(random, text)
      return Buffer.from(text)
    },
    run: (bytes) => desk.judge((file, io) => runCli(['config', 'validate', file], io), bytes, [0, 2]),
    end: desk.end,
  }
}
