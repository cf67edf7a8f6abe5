# shellcheck shell=bash
# What scenarios are made of. Each check prints one line, `ok - …` or `not ok - …`, with its time;
# the runner counts them. A failed check does not end the scenario.

CHECK_FAILED=0

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

check() { # DESCRIPTION COMMAND...
  local description=$1 begin output
  shift
  begin=$(now_ms)
  output=$(mktemp)
  if "$@" >"$output" 2>&1; then
    printf 'ok - %s (%d ms)\n' "$description" $(($(now_ms) - begin))
  else
    printf 'not ok - %s (%d ms)\n' "$description" $(($(now_ms) - begin))
    printf '#   %s\n' "command: $*"
    sed 's/^/#   /' "$output"
    CHECK_FAILED=$((CHECK_FAILED + 1))
  fi
  rm -f "$output"
}

# For what everything after it needs.
must() {
  local before=$CHECK_FAILED
  check "$@"
  [ $CHECK_FAILED = "$before" ] || exit 1
}

skip() { printf 'skip - %s\n' "$*"; } # DESCRIPTION: REASON

# The last line of a scenario: says whether all went well.
checks_end() { [ $CHECK_FAILED = 0 ]; }

wait_until() { # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $end ]; then
      echo "still not so: $*"
      return 1
    fi
    sleep 0.2
  done
}

is() { # ACTUAL EXPECTED
  [ "$1" = "$2" ] || { printf 'is       %s\nexpected %s\n' "$1" "$2"; return 1; }
}
file_is() { is "$(cat "$1")" "$2"; } # FILE CONTENT

# ---- processor time -----------------------------------------------------------------------------

cores_used() { # CGROUP-DIR SECONDS: cores as a decimal number
  local a b begin end
  a=$(awk '/^usage_usec/ { print $2 }' "$1/cpu.stat") begin=${EPOCHREALTIME/[.,]/}
  sleep "$2"
  b=$(awk '/^usage_usec/ { print $2 }' "$1/cpu.stat") end=${EPOCHREALTIME/[.,]/}
  awk -v u=$((b - a)) -v t=$((end - begin)) 'BEGIN { printf "%.3f", u / t }'
}
cores_between() { # CGROUP-DIR SECONDS LOW HIGH
  local used
  used=$(cores_used "$1" "$2")
  echo "$used cores in $1"
  awk -v u="$used" -v l="$3" -v h="$4" 'BEGIN { exit !(u >= l && u <= h) }'
}
node_ticks() { # user, nice, system, irq, softirq and steal time of all CPUs, in 10 ms
  local t
  read -ra t </proc/stat
  echo $((t[1] + t[2] + t[3] + t[6] + t[7] + t[8]))
}
node_millicores() { # SECONDS: the node's CPU usage
  local before begin
  before=$(node_ticks) begin=${EPOCHREALTIME/[.,]/}
  sleep "$1"
  echo $((($(node_ticks) - before) * 10000000 / (${EPOCHREALTIME/[.,]/} - begin)))
}

# ---- leaving no trace ---------------------------------------------------------------------------

# Everything of a kubepods tree that anybody may set, and systemd's drop-ins, in one text.
node_files() {
  find /sys/fs/cgroup -path '*kubepods*' \( -name cpu.max -o -name cpu.max.burst -o -name cpu.weight \
    -o -name cpu.idle -o -name cpuset.cpus -o -name cpuset.mems -o -name memory.high -o -name memory.max \
    -o -name memory.low -o -name memory.min -o -name io.weight -o -name io.max -o -name pids.max \
    -o -name cgroup.freeze -o -name cgroup.subtree_control \) -print0 |
    sort -z | xargs -0r grep -H ''
  echo '-- extended attributes'
  find /sys/fs/cgroup -path '*kubepods*' -type d -print0 | sort -z |
    xargs -0r getfattr --absolute-names -d -m '^(user|trusted)\.' 2>/dev/null
  echo '-- drop-ins'
  find /run/systemd/system.control /run/systemd/transient -type f -print0 2>/dev/null | sort -z |
    xargs -0r grep -H ''
}

files_snapshot() { mkdir -p "$1" && node_files >"$1/files"; } # DIR
files_same() { node_files | diff -U0 "$1/files" -; }          # DIR: byte for byte as at files_snapshot

# ---- the daemon ---------------------------------------------------------------------------------

start_plimsolld() { # CONFIGDIR: becomes /etc/plimsoll
  rm -rf /etc/plimsoll && cp -r "$1" /etc/plimsoll || return 1
  systemctl start plimsolld.service && return
  systemctl status --no-pager -l plimsolld.service
  journalctl --no-pager -u plimsolld.service -n 40
  return 1
}
stop_plimsolld() { systemctl stop plimsolld.service; }

# Whether the unit's journal has an entry with these fields: has_entry PLIMSOLL_EVENT=step ...
has_entry() { [ -n "$(journalctl -q -o cat -n 1 _SYSTEMD_UNIT=plimsolld.service "$@")" ]; }
