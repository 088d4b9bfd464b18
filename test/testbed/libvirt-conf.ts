/** The configuration of a host's libvirtd and QEMU. */

export function libvirtdConf(host: { readonly address: string; readonly index: number }): string {
  return `listen_tls = 0
listen_tcp = 1
listen_addr = "${host.address}"
auth_tcp = "none"
auth_unix_ro = "none"
auth_unix_rw = "none"
host_uuid = "00000000-0000-4000-8000-${String(host.index).padStart(12, '0')}"
keepalive_interval = 1
keepalive_count = 3
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
`
}

/** No cgroups, no labels, no helper daemons: they would reach out of the host's namespaces. */
export function qemuConf(host: { readonly address: string }): string {
  return `user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
migration_address = "${host.address}"
migration_host = "${host.address}"
keepalive_interval = 1
keepalive_count = 3
`
}
