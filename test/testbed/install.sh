#!/bin/bash
# install.sh: what the libvirt testbed needs, on a Debian machine that has never seen this project. Run as root.
# Idempotent: a second run does nothing when packages, user and guest image are in place.
#
# Installs packages (no libvirt-daemon-system: it drags in systemd and the like, and the testbed
# starts its own daemons), creates the user that libvirt's QEMU driver insists on, and builds the guest image from
# Debian's cloud kernel and busybox. The kernel is unpacked into the cache, never installed.
#
# DROVER_TESTBED_CACHE (default /var/tmp/drover-testbed): guest image and the files of running testbeds.
# `install.sh stamp` prints the identity of the guest image that this working copy would build (for `installed()`).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${DROVER_TESTBED_CACHE:-/var/tmp/drover-testbed}
packages='libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 busybox-static cpio iproute2 procps iptables openssl'
# In the order of their dependencies: insmod does not resolve them.
modules='virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_balloon'
applets='sh mount insmod mkfifo stty dmesg hostname nproc dd cat rm poweroff'
export DEBIAN_FRONTEND=noninteractive

fail() { echo "testbed install: $*" >&2; exit 1; }
say() { echo "testbed install: $*"; }
apt() { apt-get -q -o DPkg::Lock::Timeout=300 -o APT::Sandbox::User=root "$@"; }
installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
# What the image is made of, apart from the kernel: when this changes, the image is rebuilt.
stamp() { { cat "$here/guest/init"; echo "$modules / $applets"; } | sha256sum | cut -c1-16; }

refresh() {
  say 'refreshing the package lists'
  apt update >"$cache/apt.log" 2>&1 || fail "apt-get update failed: $(grep -m1 '^[EW]:' "$cache/apt.log" || tail -n1 "$cache/apt.log")"
}

# apt_try ARGS...: runs apt-get; if that fails, refreshes the lists (they may be absent or stale) and tries once more.
apt_try() {
  apt "$@" >"$cache/apt.log" 2>&1 && return
  refresh
  apt "$@" >"$cache/apt.log" 2>&1 || fail "apt-get $1 failed: $(grep -m1 '^E:' "$cache/apt.log" || tail -n1 "$cache/apt.log")"
}

install_packages() {
  local wanted='' p
  for p in $packages; do installed "$p" || wanted="$wanted $p"; done
  [ -n "$wanted" ] || return 0
  say "installing$wanted"
  apt_try install -y --no-install-recommends $wanted
}

# libvirtd will not start its QEMU driver without this user and group, even when told to run QEMU as root.
create_user() {
  getent group kvm >/dev/null || groupadd -r kvm
  getent group libvirt-qemu >/dev/null || groupadd -r libvirt-qemu
  getent passwd libvirt-qemu >/dev/null ||
    useradd -r -M -d /var/lib/libvirt -s /usr/sbin/nologin -g libvirt-qemu libvirt-qemu
}

kernel_package() {
  apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '/Depends: linux-image-[0-9]/ { print $2; exit }'
}

build_guest() {
  local guest=$cache/guest work=$cache/build kernel name file
  [ "$(cat "$guest/stamp" 2>/dev/null)" = "$(stamp)" ] && return 0
  rm -rf "$work"; mkdir -p "$work/kernel" "$work/root"/{bin,proc,sys,dev,tmp,modules} "$work/guest"
  kernel=$(kernel_package)
  if [ -z "$kernel" ]; then refresh; kernel=$(kernel_package); fi
  [ -n "$kernel" ] || fail 'no package linux-image-cloud-amd64: is this Debian on amd64?'
  say "building the guest image from $kernel"
  (cd "$work" && apt_try download "$kernel")
  dpkg -x "$work/$kernel"_*.deb "$work/kernel" || fail "cannot unpack $kernel"
  cp "$work"/kernel/boot/vmlinuz-* "$work/guest/kernel"

  cp "$(command -v busybox)" "$work/root/bin/busybox"
  for name in $applets; do ln -s busybox "$work/root/bin/$name"; done
  cp "$here/guest/init" "$work/root/init"; chmod 755 "$work/root/init"
  for name in $modules; do
    file=$(find "$work/kernel" -name "$name.ko*" | head -n1)
    case $file in
      *.ko) cp "$file" "$work/root/modules/$name.ko" ;;
      *.ko.xz) xz -dc "$file" >"$work/root/modules/$name.ko" ;;
      *) ;; # built in
    esac
  done
  # Not compressed: under emulation, inflating costs more than reading 2 MiB.
  (cd "$work/root" && find . | cpio --quiet -o -H newc) >"$work/guest/initrd" || fail 'cannot build the initrd'
  stamp >"$work/guest/stamp"
  rm -rf "$guest"; mv "$work/guest" "$guest"; rm -rf "$work"
}

if [ "${1:-}" = stamp ]; then stamp; exit; fi
[ "$(id -u)" = 0 ] || fail 'must be root'
[ "$(uname -m)" = x86_64 ] || fail 'needs an x86_64 machine'
command -v apt-get >/dev/null || fail 'needs Debian (apt-get)'
mkdir -p "$cache" || fail "cannot create $cache"
exec 9>"$cache/lock"; flock -w 900 9 || fail 'another installation holds the lock for 15 minutes'
install_packages
create_user
build_guest
say "ready: $cache/guest"
