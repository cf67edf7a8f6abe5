#!/bin/bash
# image-rootfs.sh SUITE DIR   makes DIR/rootfs.ext4, DIR/vmlinuz and DIR/initrd. Needs root.
# With --customize ROOT DIR it is mmdebstrap's hook, called back on the unpacked root.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

# What a development node does not need, and what would cost seconds of every boot.
masked=(
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer
  e2scrub_reap.service fstrim.timer
  systemd-hwdb-update.service systemd-update-utmp.service systemd-update-utmp-runlevel.service
  systemd-timesyncd.service systemd-pstore.service systemd-firstboot.service
  systemd-sysusers.service systemd-machine-id-commit.service systemd-binfmt.service
  systemd-random-seed.service systemd-boot-system-token.service systemd-tpm2-setup.service
  systemd-tpm2-setup-early.service
  systemd-modules-load.service modprobe@.service kmod-static-nodes.service
  getty@tty1.service console-getty.service serial-getty@ttyS0.service
  dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount
  sys-fs-fuse-connections.mount
  systemd-ask-password-console.path systemd-ask-password-wall.path
)

customize() {
  local root=$1 dir=$2 unit
  echo node >"$root/etc/hostname"
  printf '127.0.0.1 localhost node\n::1 localhost\n' >"$root/etc/hosts"
  : >"$root/etc/fstab"
  # A fixed machine id keeps first-boot work out of every boot.
  echo b0a5b0a5b0a54b0a8b0a5b0a5b0a5b0a >"$root/etc/machine-id"
  ln -sf /run/systemd/resolve/resolv.conf "$root/etc/resolv.conf"
  for unit in "${masked[@]}"; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done
  ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
  mkdir -p "$root/etc/systemd/journald.conf.d" "$root/etc/systemd/system.conf.d"
  cat >"$root/etc/systemd/journald.conf.d/node.conf" <<-CONF
	[Journal]
	Storage=volatile
	RuntimeMaxUse=64M
	RateLimitIntervalSec=0
	CONF
  cat >"$root/etc/systemd/system.conf.d/node.conf" <<-CONF
	[Manager]
	DefaultTimeoutStartSec=300s
	CONF
  # CPU 0 is the system's own (see README.md). Its affinity alone does not last: on kernels before 6.2
  # it is lost when a tree gets the cpuset controller.
  for unit in system.slice user.slice init.scope; do
    mkdir -p "$root/etc/systemd/system/$unit.d"
    case $unit in *.slice) echo '[Slice]' ;; *) echo '[Scope]' ;; esac >"$root/etc/systemd/system/$unit.d/cpus.conf"
    echo 'AllowedCPUs=0' >>"$root/etc/systemd/system/$unit.d/cpus.conf"
  done
  install -m755 "$here/guest/agent" "$root/usr/local/sbin/node-agent"
  install -m644 "$here/guest/agent.service" "$root/etc/systemd/system/node-agent.service"
  mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
  ln -sf ../node-agent.service "$root/etc/systemd/system/multi-user.target.wants/"

  # The kernel comes from the same archive, but unpacked beside the root: its package would drag
  # in an initramfs builder.
  local packages=$dir/packages kernel
  rm -rf "$packages" && mkdir -p "$packages"
  kernel=$(APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-cache depends linux-image-cloud-amd64 |
    awk '/Depends: linux-image-[0-9]/ { print $2; exit }')
  (cd "$packages" && APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get download -q "$kernel")
  "$here/image-boot.sh" "$packages" "$root/bin/busybox" "$dir"
}

if [ "$1" = --customize ]; then
  customize "$2" "$3"
  exit
fi

suite=$1 dir=$2
base=(systemd systemd-sysv dbus polkitd udev kmod procps runc busybox-static attr stress-ng)
# What the daemon and the test API server link with. The names carry the sonames of the suite.
case $suite in
  bookworm) base+=(libsdbus-c++1 libcgroup2 libspdlog1.10 libfmt9 libyaml-cpp0.7 libtomlplusplus3 libcurl4 libcpp-httplib0.11) ;;
  trixie) base+=(libsdbus-c++2 libcgroup3 libspdlog1.15 libfmt10 libyaml-cpp0.8 libtomlplusplus3t64 libcurl4t64 libcpp-httplib0.18) ;;
  *) echo "unknown suite $suite (bookworm, trixie)" >&2; exit 1 ;;
esac

# The archive this machine uses itself; empty (not a Debian machine) leaves it to mmdebstrap.
mirror=${NODE_MIRROR:-$(apt-get indextargets --format "\$(REPO_URI)" \
  "Created-By: Packages" "Origin: Debian" "Label: Debian" 2>/dev/null | head -n 1)}

work=$(mktemp -d)
trap 'rm -rf "$work" "$dir/packages"' EXIT
chmod 755 "$work" # apt's sandbox user has to pass
mmdebstrap --variant=minbase --mode=root --format=directory \
  --include="$(IFS=,; echo "${base[*]}")" \
  --aptopt='APT::Install-Recommends "false"' --aptopt='APT::Sandbox::User "root"' \
  --dpkgopt='force-unsafe-io' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
  --dpkgopt='path-exclude=/usr/lib/udev/hwdb.d/*' \
  --customize-hook="\"$(readlink -f "$0")\" --customize \"\$1\" \"$dir\"" \
  "$suite" "$work/root" ${mirror:+"$mirror"}
mke2fs -q -t ext4 -O ^has_journal,^metadata_csum -m0 -L node \
  -E root_owner=0:0,lazy_itable_init=0,nodiscard -d "$work/root" "$dir/rootfs.ext4.new" 1500M
mv -f "$dir/rootfs.ext4.new" "$dir/rootfs.ext4" # a new inode: running guests keep the old one
chown --reference="$dir" "$dir"/* # under sudo
ls -lsh "$dir"
