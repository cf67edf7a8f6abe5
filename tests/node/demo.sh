#!/bin/bash
# demo.sh TREE POLICIES   the main job on this node, as root: three best-effort pods that burn four
# cores, two latency-sensitive pods that surge, and plimsolld with the documents' own policies.
#
# TREE is / where plimsolld is installed, as on the virtual node; else it is run from TREE as a
# unit that exists for the length of the demo.
set -u
tree=${1%/} policies=$2
node_dir=$(dirname "$(readlink -f "$0")")
WATERMARK=6000

if [ -n "$tree" ]; then
  export PODS_PARENT=plimsolldemo # this machine's own kubepods, if any, is not touched
fi
home=/var/lib/plimsoll-demo
[ -n "$tree" ] || home=/etc/plimsoll
# shellcheck disable=SC2034 # of pods.sh
PODS_MANIFESTS=$home/policies.d
. "$node_dir/lib/check.sh"
. "$node_dir/lib/pods.sh"

batch=(batch-a batch-b batch-c)
started=${EPOCHREALTIME/[.,]/}
elapsed() { printf '%3d' $(((${EPOCHREALTIME/[.,]/} - started) / 1000000)); }
line() { printf '%s s  %s\n' "$(elapsed)" "$*"; }
title() { printf '\n── %s\n' "$*"; }

# ---- setting up, and removing it all again ------------------------------------------------------

unit=/run/systemd/system/plimsolld.service
bus_policy=/etc/dbus-1/system.d/plimsoll-demo.conf
had_runtime=$([ -e /run/plimsoll ] && echo yes)

install_daemon() {
  [ -n "$tree" ] || rm -rf "$home"
  mkdir -p "$home/policies.d"
  cp "$policies"/*.yaml "$home/policies.d/"
  cat >"$home/plimsolld.toml" <<-TOML
	[daemon]
	policy_directory = "$home/policies.d"
	[avoidance]
	cool_down_cap_seconds = 15
	TOML
  [ -z "${PODS_PARENT:-}" ] || printf '[cgroup]\nroot = "%s"\n' "$PODS_PARENT" >>"$home/plimsolld.toml"
  if [ -n "$tree" ]; then
    install -m755 "$tree/usr/bin/plimsolld" "$home/plimsolld"
    cp "$tree"/usr/share/dbus-1/system.d/org.plimsoll.Node1.conf "$bus_policy"
    # The shipped unit, with the paths of the demo.
    sed -e "s#^\(Exec[A-Za-z]*=\)/usr/bin/plimsolld#\1$home/plimsolld --config $home/plimsolld.toml#" \
      -e '/^ConfigurationDirectory=/d' "$(find "$tree" -name plimsolld.service | head -n 1)" >"$unit"
    busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig >/dev/null
    systemctl daemon-reload
  fi
}

cleanup() {
  trap '' INT TERM
  [ -z "${journal_pid:-}" ] || kill "$journal_pid" 2>/dev/null
  systemctl stop plimsolld.service 2>/dev/null
  pods_cleanup
  if [ -n "$tree" ]; then
    rm -f "$unit" "$bus_policy"
    systemctl reset-failed plimsolld.service 2>/dev/null
    systemctl daemon-reload
    busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig >/dev/null
    [ -n "$had_runtime" ] || rm -rf /run/plimsoll
  fi
  rm -rf "$home"
}
trap cleanup EXIT
trap 'echo; echo "interrupted: putting everything back"; exit 130' INT TERM

# ---- the timeline: the journal of the unit, and the node and the files themselves once a second ---

declare -A entry limit_seen
show_entry() {
  local event=${entry[PLIMSOLL_EVENT]:-}
  local pod=${entry[PLIMSOLL_POD]:-} rule=${entry[PLIMSOLL_RULE]:-}
  case $event in
    rule-*)
      line "rule $rule: ${event#rule-}${entry[PLIMSOLL_VERDICT]:+, verdict \"${entry[PLIMSOLL_VERDICT]}\"}" \
        "(${entry[PLIMSOLL_METRIC]:-} ${entry[PLIMSOLL_VALUE]:-?} against ${entry[PLIMSOLL_WATERMARK]:-?})"
      ;;
    pod-*) line "  ${event#pod-} $pod: cpu.max '${entry[PLIMSOLL_FROM]:-}' → '${entry[PLIMSOLL_TO]:-}'" ;;
    drift-* | step-* | object-* | node-*) line "$event: ${entry[MESSAGE]:-}" ;;
  esac
  [ "$event" != rule-triggered ] || triggered=1
  [ "$event" != rule-restored ] || restored=1
  [ "$event" != pod-throttled ] || throttled_entry=1
  entry=()
}

sample() { # the node and the cpu.max files, when they changed
  local now ticks name value changed='' limits='' mark='≤' cores
  now=${EPOCHREALTIME/[.,]/}
  node_ticks_into ticks
  millicores=$(((ticks - last_ticks) * 10000000 / (now - last_sample)))
  last_ticks=$ticks last_sample=$now
  for name in "${batch[@]}"; do
    read -r value _ <"${file_of[$name]}"
    [ "${limit_seen[$name]:-}" = "$value" ] || changed=1
    limit_seen[$name]=$value
    if [ "$value" = max ]; then cores=max; else printf -v cores '%d.%02d' $((value / 100000)) $((value / 1000 % 100)); fi
    limits+="  $name $cores"
  done
  [ $millicores -le $WATERMARK ] || mark='>'
  if [ -n "$changed" ] || [ "$mark" != "$last_mark" ] ||
    [ $((millicores - shown)) -gt 300 ] || [ $((shown - millicores)) -gt 300 ]; then
    line "node $millicores m $mark $WATERMARK   cpu.max in cores:$limits"
    shown=$millicores last_mark=$mark
  fi
  if [ $millicores -le $WATERMARK ]; then below=$((below + 1)); else below=0; fi
}
# Without a process of its own: in an emulated node each costs a tenth of a second.
node_ticks_into() {
  local t
  read -ra t </proc/stat
  printf -v "$1" %d $((t[1] + t[2] + t[3] + t[6] + t[7] + t[8]))
}

declare -A file_of
begin_timeline() {
  local name
  for name in "${batch[@]}"; do file_of[$name]=$(pod_dir "$name")/cpu.max; done
  shown=-1000 last_mark='' below=0 partial=''
  node_ticks_into last_ticks
  last_sample=${EPOCHREALTIME/[.,]/}
  # By a file: bash reads a pipe byte by byte.
  : >"$home/journal"
  mkfifo "$home/never"
  exec {journal}<"$home/journal" {never}<>"$home/never"
  journalctl -q -f -n 0 -o export --output-fields="MESSAGE,$(printf 'PLIMSOLL_%s,' \
    EVENT POD RULE VERDICT METRIC VALUE WATERMARK FROM TO)" _SYSTEMD_UNIT=plimsolld.service \
    >"$home/journal" 2>/dev/null &
  journal_pid=$!
}

read_journal() {
  local text
  while IFS= read -r -u "$journal" text; do
    text=$partial$text partial=''
    if [ -z "$text" ]; then
      show_entry
    elif [[ $text == *=* ]]; then
      entry[${text%%=*}]=${text#*=}
    fi
  done
  partial+=$text # the end of the file in the middle of a line
}

follow() { # SECONDS CONDITION: the timeline until the condition (an arithmetic expression) or the time
  local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000)) now
  while now=${EPOCHREALTIME/[.,]/}; [ "$now" -lt "$end" ]; do
    read_journal
    [ $((now - last_sample)) -lt 1000000 ] || sample
    if ((${2})); then return 0; fi
    IFS= read -r -t 0.2 -u "$never" _ # a sleep without a process
  done
  return 1
}

# ---- the story ------------------------------------------------------------------------------------

# shellcheck disable=SC2034 # conditions of follow
triggered=0 restored=0 throttled_entry=0
failed=0
verdict() { # DESCRIPTION COMMAND...
  local text=$1
  shift
  if "$@" >/dev/null; then line "✓ $text"; else line "✗ $text"; failed=1; fi
}

install_daemon
title "$(uname -sr), $(systemctl --version | head -n 1), $(nproc --all) CPUs; policies of the documents, unchanged:"
grep -h -A1 -e '^kind:' "$policies"/*.yaml | grep kind: | sort | uniq -c | sed 's/^ */  /'
echo "  watermark2/cpu-usage: cpu_total_usage above $WATERMARK millicores twice → throttle (BestEffort pods)"
echo "  coolDownSeconds is 300 there; the demo's plimsolld.toml says cool_down_cap_seconds = 15"

title 'Pods: real containers (runc, systemd cgroup driver) in a kubepods tree'
pod_start --namespace jobs batch-a besteffort 10000000-0000-4000-8000-00000000000a '/bin/load 2' &&
  pod_start --namespace jobs batch-b besteffort 10000000-0000-4000-8000-00000000000b '/bin/load 1' &&
  pod_start --namespace jobs batch-c besteffort 10000000-0000-4000-8000-00000000000c '/bin/load 1' &&
  pod_start --namespace shop --request 500 --priority 1000 web burstable 20000000-0000-4000-8000-000000000001 '/bin/load 0' &&
  pod_start --namespace shop --limit 1000 --priority 2000 db guaranteed 30000000-0000-4000-8000-000000000001 '/bin/load 0' ||
  exit 1
node_manifest
line "batch-a, batch-b, batch-c (BestEffort) burn 2 + 1 + 1 cores; web (Burstable) and db (Guaranteed) are calm"
files_snapshot "$home/before"
sleep 2 # the node settles

title 'plimsolld.service starts'
begin_timeline
systemctl start plimsolld.service || { journalctl -q --no-pager -n 20 -u plimsolld.service; exit 1; }
line "$(systemctl show -P ActiveState plimsolld.service): $(systemctl show -P StatusText plimsolld.service)"
follow 6 0
verdict 'below the watermark nothing is touched' files_same "$home/before"

title 'Surge: web wants two cores, db one'
pod_load web 2
pod_load db 1
below=0
follow 30 'triggered && throttled_entry && below >= 3'
verdict "the node is below $WATERMARK m again while web and db have their cores" test "$below" -ge 3
verdict 'only best-effort pods were throttled' grep -q '^max' "$(pod_dir web)/cpu.max"

title "The same on D-Bus: busctl introspect org.plimsoll.Node1"
rule_path=$(busctl tree --list org.plimsoll.Node1 | grep -m1 '/rule/.*/')
busctl introspect --no-pager org.plimsoll.Node1 "$rule_path" org.plimsoll.Node1.Rule |
  grep -E 'NAME|Metric|Value|Watermark|Verdict |Gap' | cut -c1-90
busctl introspect --no-pager org.plimsoll.Node1 /org/plimsoll/Node1/Manager org.plimsoll.Node1.Manager |
  grep -E 'Mode |ThrottledPods' | cut -c1-200

title 'The surge is over: after the cool-down everything comes back, step by step'
pod_load web 0
pod_load db 0
follow 80 'restored'
verdict 'every file has its original bytes, no attribute and no drop-in is left' files_same "$home/before"

title 'The audit in the journal: journalctl -u plimsolld'
journalctl -q --no-pager -o short-unix --no-hostname _SYSTEMD_UNIT=plimsolld.service -g 'rule|throttled|raised|restored' |
  sed 's/^[0-9]*\([0-9]\{4\}\.[0-9]\)[0-9]* [^:]*: /  …\1  /' | cut -c1-150 | tail -n 14
title 'and the fields of one step'
journalctl -q --no-pager -n 1 -o verbose PLIMSOLL_EVENT=pod-throttled | grep -E ' (MESSAGE|PLIMSOLL_|OBJECT_)' | cut -c1-150

title 'plimsolld.service stops, the pods end'
systemctl stop plimsolld.service
verdict 'every byte is as it was before plimsolld' files_same "$home/before"
trap - EXIT
cleanup
left=$(find /sys/fs/cgroup /run/systemd/system.control /run/systemd/transient \
  -path '*kubepods*pod[123]0000000*' -o -name 'plimsolldemo*' 2>/dev/null)
verdict 'nothing is left behind' test -z "$left"
echo
if [ $failed = 0 ]; then
  echo 'The main job works on this node: watch, throttle, put back.'
else
  echo 'Not all went as it should: see the lines with ✗.'
fi
exit $failed
