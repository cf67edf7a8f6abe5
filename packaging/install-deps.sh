#!/bin/bash
# install-deps.sh GROUP...   installs the Debian packages that a group of make targets needs.
#
#   build   compile the daemon and its tests          lint   clang-tidy and clang-format
#   node    build and boot the node VM (tests/node)   pods   run real containers on this machine
#   fuzz    libFuzzer (clang)
#
# Debian 12 and 13, as root or with sudo. Silent and quick when everything is there already.
set -euo pipefail

say() { printf 'install-deps: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

[ $# -gt 0 ] || die "usage: install-deps.sh build|lint|node|pods|fuzz ..."

# systemd.pc (unit directories for meson) moved to a package of its own after Debian 12.
. /etc/os-release
case ${VERSION_CODENAME:-} in
  bookworm) systemd_pc=systemd ;;
  *) systemd_pc=systemd-dev ;;
esac

build=(
  g++ meson ninja-build pkgconf python3 dbus systemd "$systemd_pc"
  libsdbus-c++-dev libsdbus-c++-bin libsystemd-dev
  libcgroup-dev libcurl4-openssl-dev libssl-dev
  libtomlplusplus-dev libspdlog-dev libfmt-dev libyaml-cpp-dev
  nlohmann-json3-dev libcli11-dev
  libgtest-dev libgmock-dev libbenchmark-dev libcpp-httplib-dev openssl nghttp2-proxy
)
lint=(clang-tidy-19 clang-format-19 shellcheck)
node=(
  mmdebstrap debian-archive-keyring
  qemu-system-x86 qemu-utils e2fsprogs kmod cpio xz-utils zstd python3
)
fuzz=(clang-19 libclang-rt-19-dev)
pods=(runc busybox-static attr)

wanted=()
for group; do
  case $group in
    build) wanted+=("${build[@]}") ;;
    lint) wanted+=("${lint[@]}") ;;
    node) wanted+=("${node[@]}") ;;
    pods) wanted+=("${pods[@]}") ;;
    fuzz) wanted+=("${fuzz[@]}") ;;
    *) die "unknown group '$group' (build, lint, node, pods, fuzz)" ;;
  esac
done

command -v dpkg-query >/dev/null ||
  die "this machine has no dpkg; install the counterparts of: ${wanted[*]}"

missing() {
  local have
  have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null) || true
  local package
  for package in "${wanted[@]}"; do
    grep -qxF "installed $package" <<<"$have" || printf '%s\n' "$package"
  done | sort -u
}

mapfile -t need < <(missing)
[ ${#need[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || die "needs root or sudo to install: ${need[*]}"
  as_root=(sudo)
fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" </dev/null
}

say "installing ${need[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The lists may be absent (fresh machine) or name files that are gone: update only then.
if ! apt install --no-install-recommends "${need[@]}" >"$log" 2>&1; then
  say "refreshing the package lists"
  # A broken list of somebody else's archive is no reason to stop: the next step decides.
  apt update >"$log" 2>&1 || say "apt-get update complained: $(grep -m1 '^[EW]:' "$log" || true)"
  apt install --no-install-recommends "${need[@]}" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die "apt-get could not install: ${need[*]} (on ${PRETTY_NAME:-this system}; Debian 12 and 13 have all of them)"
  }
fi

mapfile -t need < <(missing)
[ ${#need[@]} -eq 0 ] || die "still missing after the installation: ${need[*]}"
