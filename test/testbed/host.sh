#!/bin/bash
# host.sh: the namespaces of the testbed. Called by host.ts and testbed.ts, not by people; run as root.
#
# A testbed has a switch (a bridge in the network namespace drover-RUN-0, where the controller is, at NET.254) and
# hosts 1..N. A host is a network namespace drover-RUN-I, at NET.I, and, while it is powered on, a mount, UTS, IPC and
# PID namespace whose first process is `host.sh init`: when that one dies, the kernel kills all that runs on the host.
# All of it is made of names that carry RUN, so that testbeds do not meet, nor touch the machine's own network.
set -eu
export PATH=$PATH:/usr/sbin:/sbin # not in everybody's

NET=10.77.0
ns() { echo "drover-$1-$2"; }

switch_up() { # RUN
  local c; c=$(ns "$1" 0)
  ip netns add "$c"
  ip -n "$c" link set lo up
  ip -n "$c" link add br0 type bridge
  ip -n "$c" addr add "$NET.254/24" dev br0
  ip -n "$c" link set br0 up
}

# A host's network card, made anew at every boot: a real host forgets its connections when it loses power, too.
plug() { # RUN I
  local c h; c=$(ns "$1" 0); h=$(ns "$1" "$2")
  ip netns add "$h"
  ip -n "$c" link add "p$2" type veth peer name eth0 netns "$h"
  ip -n "$c" link set "p$2" master br0 up
  ip -n "$h" link set lo up
  # The same address after every boot, so that the others' ARP entries stay right.
  ip -n "$h" link set eth0 address "$(printf '02:77:00:00:00:%02x' "$2")"
  ip -n "$h" addr add "$NET.$2/24" dev eth0
  ip -n "$h" link set eth0 up
}

unplug() { # RUN I
  # The link first: the kernel deletes a namespace and what is in it only some time later.
  ip -n "$(ns "$1" 0)" link del "p$2" 2>/dev/null || :
  ip netns del "$(ns "$1" "$2")" 2>/dev/null || :
}

# Also for testbeds whose owner has died: takes the names from the system, not from anybody's memory.
switch_down() { # RUN
  local n
  for n in $(ip netns list | awk -v p="drover-$1-" 'index($1, p) == 1 { print $1 }'); do ip netns del "$n" || :; done
}

# Pulls (down) or plugs (up) the cable. The host's own card stays up, without carrier, as a real one does.
cable() { ip -n "$(ns "$1" 0)" link set "p$2" "$3"; } # RUN I up|down

# drop add|del RUN FROM TO: host TO hears nothing more from host FROM, multicast included.
drop() {
  local o=-A; [ "$1" = add ] || o=-D
  ip netns exec "$(ns "$2" "$4")" iptables -w 5 "$o" INPUT -s "$NET.$3" -j DROP
}

# Powers a host on and stays until it is off; RUN I DIR. Standard input must be a pipe that nobody writes to: at its
# end, that is when the testbed's owner dies, by whatever death, the host dies.
power_on() {
  exec ip netns exec "$(ns "$1" "$2")" unshare --mount --uts --ipc --pid --fork --kill-child --mount-proc \
    --propagation private bash "$0" init "$3" "hv$2"
}

# The first process of a host; DIR NAME. It must be bash, which also reaps the orphans that QEMU processes are.
init() {
  hostname "$2"
  mkdir -p /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt
  mount --bind "$1/etc" /etc/libvirt
  mount --bind "$1/lib" /var/lib/libvirt
  mount --bind "$1/log" /var/log/libvirt
  mount --bind "$1/cache" /var/cache/libvirt
  mount --bind "$(dirname "$1")/hosts" /etc/hosts
  mount --bind "$1/run" /run
  mkdir -p /run/guest
  echo ready
  read -r nothing || :
}

# Runs a command on a host; PID CGROUP CWD COMMAND... where PID is the host's first process and CGROUP the file to
# join first, or -. The command starts when a line arrives on descriptor 3: until then its caller looks up its pid.
enter() {
  local pid=$1 cgroup=$2; shift 2
  [ "$cgroup" = - ] || echo $$ >"$cgroup"
  exec nsenter -t "$pid" -m -u -i -n -p -- sh -c 'cd "$0" && read -r go <&3 && exec 3<&- && exec "$@"' "$@"
}

case $1 in
  switch_up | switch_down | plug | unplug | cable | drop | power_on | init | enter) "$@" ;;
  *) echo "host.sh: unknown command $1" >&2; exit 2 ;;
esac
