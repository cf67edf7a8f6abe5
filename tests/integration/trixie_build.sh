#!/bin/bash
# trixie_build.sh   builds and tests this tree on Debian 13 (sdbus-c++ 2.x).
#
# The same sources have to build against sdbus-c++ 1.2 (Debian 12) and 2.x (Debian 13); this proves
# the second on any Debian machine. As root or with sudo. The chroot, its packages and its build
# directory stay in build/trixie-chroot, so only the first run is slow; remove that to start afresh.
# Runs the unit and integration tests in it and prints "N passed, N failed" last. JOBS=2 sets the
# number of compilers.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
root=$top/build/trixie-chroot
jobs=${JOBS:-2}

say() { printf 'trixie_build: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

[ "$(id -u)" = 0 ] || exec sudo --preserve-env=JOBS "$0" "$@"

# A mount namespace of our own: whatever is mounted below goes when this script goes.
if [ "${PLIMSOLL_TRIXIE_INSIDE:-}" != 1 ]; then
  PLIMSOLL_TRIXIE_INSIDE=1 exec unshare --mount --propagation private -- "$0" "$@"
fi

# The machine's own Debian archive, wherever that is.
mirror() {
  apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(SUITE) $(ORIGIN)' |
    awk '$2 == "main" && $1 !~ /security/ && $4 ~ /^(Debian)?$/ { print $1; exit }'
}

make_chroot() {
  command -v mmdebstrap >/dev/null || die "needs mmdebstrap (packaging/install-deps.sh node)"
  local from
  from=$(mirror)
  [ -n "$from" ] || die "the machine's apt configuration names no Debian archive"
  say "making $root from $from"
  rm -rf --one-file-system "$root" "$root.new"
  mkdir -p "$top/build"
  mmdebstrap --quiet --mode=root --variant=apt --skip=cleanup/apt/lists \
    --include=ca-certificates trixie "$root.new" "$from" >&2
  mkdir -p "$root.new/src" "$root.new/out"
  mv "$root.new" "$root"
}

[ -d "$root/out" ] || make_chroot

mount --bind "$top" "$root/src"
mount -o remount,bind,ro "$root/src"
mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/run"
# Names of the archive and of any proxy are the host's.
cat /etc/resolv.conf >"$root/etc/resolv.conf" 2>/dev/null || true

inside() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
    chroot "$root" "$@"
}

# What the build needs, again only when the list itself changed.
wanted=$(sha256sum <"$top/packaging/install-deps.sh")
if [ "$(cat "$root/.packages" 2>/dev/null)" != "$wanted" ]; then
  inside /src/packaging/install-deps.sh build >&2
  printf '%s\n' "$wanted" >"$root/.packages"
fi
say "Debian $(cat "$root/etc/debian_version"), sdbus-c++ $(inside pkg-config --modversion sdbus-c++)"

if [ ! -f "$root/out/build.ninja" ]; then
  inside meson setup /out /src -Db_sanitize=address,undefined -Db_lundef=false >&2
fi
inside ninja -C /out -j "$jobs" -k 0 >&2
inside /src/tests/run /out
