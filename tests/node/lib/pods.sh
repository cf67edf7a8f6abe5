# shellcheck shell=bash
# Real containers in a kubepods tree, laid out and configured as a kubelet does it. Source it on a
# node (root, systemd, unified cgroup v2); it needs runc and a static busybox.
#
#   pod_start [OPTION...] NAME QOS UID COMMAND   QOS: besteffort, burstable or guaranteed
#       --request M  --limit M   CPU in millicores       --namespace NS   --label K=V   --priority N
#       COMMAND is a shell command in the container; `/bin/load N` keeps N cores busy
#   pod_load NAME N       N cores from now on (for /bin/load)
#   pod_memory NAME N     N MiB of memory from now on (for /bin/load)
#   pod_stop NAME         ends it as a kubelet would; the slices of a systemd node go with it
#   pod_dir NAME          the pod's cgroup directory      pod_container_dir NAME   the container's
#   pods_root             the directory of kubepods
#   node_manifest         writes the Node object
#   pods_cleanup          ends all of them; nothing stays behind
#
# PODS_DRIVER     systemd (default) or cgroupfs
# PODS_PARENT     a slice of ours to hold the tree, as kubelet --cgroup-root (e.g. plimsolldemo)
# PODS_MANIFESTS  the directory for the manifests (Pod and Node objects); none: not written
# PODS_STATE      where the containers are kept

PODS_DRIVER=${PODS_DRIVER:-systemd}
PODS_PARENT=${PODS_PARENT:-}
PODS_MANIFESTS=${PODS_MANIFESTS:-}
PODS_STATE=${PODS_STATE:-/run/plimsoll-test-pods}
PODS_CGROUPS=/sys/fs/cgroup
PODS_CPUS=$(nproc --all)
PODS_LIB=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

pods_error() { printf 'pods: %s\n' "$*" >&2; return 1; }

# ---- names ------------------------------------------------------------------------------------

# kubepods.slice, or demo-kubepods.slice below demo.slice.
pods_unit() { printf '%skubepods%s.slice' "${PODS_PARENT:+$PODS_PARENT-}" "${1:+-$1}"; }

# systemd places a-b.slice in a.slice: the path of a slice is its name taken apart.
pods_slice_path() {
  local name=${1%.slice} path='' prefix='' part
  local IFS=-
  for part in $name; do
    prefix=${prefix:+$prefix-}$part
    path+=/$prefix.slice
  done
  printf '%s' "$path"
}

pods_root() {
  if [ "$PODS_DRIVER" = systemd ]; then
    printf '%s%s' "$PODS_CGROUPS" "$(pods_slice_path "$(pods_unit)")"
  else
    printf '%s%s/kubepods' "$PODS_CGROUPS" "${PODS_PARENT:+/$PODS_PARENT}"
  fi
}

pod_dir() { cat "$PODS_STATE/pods/$1/pod-cgroup"; }
pod_container_dir() { cat "$PODS_STATE/pods/$1/container-cgroup"; }

# The conversions of kubelet and runc: millicores to shares to cpu.weight, millicores to quota.
pods_shares() { local s=$(($1 * 1024 / 1000)); echo $((s < 2 ? 2 : s)); }
pods_weight() { echo $((1 + (($(pods_shares "$1") - 2) * 9999) / 262142)); }

# ---- the tree ---------------------------------------------------------------------------------

# All controllers at every level, as runc's cgroup manager does it. (No processes started here nor
# in other places that can do without: in an emulated node each costs 30 ms, 200 on a busy host.)
pods_enable_controllers() {
  local path=$PODS_CGROUPS part
  local IFS=/
  for part in '' ${1#"$PODS_CGROUPS"/}; do
    [ -z "$part" ] || path+=/$part
    echo '+cpuset +cpu +io +memory +pids' >"$path/cgroup.subtree_control" || return 1
  done
}

# A transient slice with the properties that runc's systemd manager gives it.
pods_make_slice() { # UNIT WEIGHT [LIMIT-MILLICORES]
  local unit=$1 weight=$2 limit=${3:-} path parent
  path=$PODS_CGROUPS$(pods_slice_path "$unit")
  if [ ! -d "$path" ]; then
    parent=${unit%.slice}
    case $parent in *-*) parent=${parent%-*}.slice ;; *) parent=-.slice ;; esac
    local properties=(
      Description s "libcontainer container $unit" Wants as 1 "$parent"
      MemoryAccounting b true CPUAccounting b true IOAccounting b true TasksAccounting b true
      DefaultDependencies b false CPUWeight t "$weight"
    )
    local count=8
    if [ -n "$limit" ]; then
      properties+=(CPUQuotaPerSecUSec t $((limit * 1000)) CPUQuotaPeriodUSec t 100000)
      count=10
    fi
    busctl call -- org.freedesktop.systemd1 /org/freedesktop/systemd1 \
      org.freedesktop.systemd1.Manager StartTransientUnit 'ssa(sv)a(sa(sv))' \
      "$unit" replace $count "${properties[@]}" 0 >/dev/null || return 1
    pods_wait 30 test -d "$path" || pods_error "slice $unit does not appear" || return 1
    echo "$unit" >>"$PODS_STATE/slices"
  fi
  pods_enable_controllers "$path"
}

pods_make_directory() { # PATH WEIGHT [LIMIT-MILLICORES]
  [ -d "$1" ] || echo "$1" >>"$PODS_STATE/directories"
  mkdir -p "$1" && pods_enable_controllers "$1" && echo "$2" >"$1/cpu.weight" || return 1
  [ -z "${3:-}" ] || echo "$(($3 * 100)) 100000" >"$1/cpu.max"
}

pods_make_tree() {
  [ -e "$PODS_STATE/tree" ] && return
  if [ -z "$PODS_PARENT" ] && [ -d "$(pods_root)" ]; then
    pods_error "$(pods_root) is there already and not ours: set PODS_PARENT" || return 1
  fi
  if [ "$PODS_DRIVER" = systemd ]; then
    [ -z "$PODS_PARENT" ] || pods_make_slice "$PODS_PARENT.slice" 100 || return 1
    pods_make_slice "$(pods_unit)" "$(pods_weight $((PODS_CPUS * 1000)))" &&
      pods_make_slice "$(pods_unit besteffort)" 1 && pods_make_slice "$(pods_unit burstable)" 79 || return 1
  else
    local root
    root=$(pods_root)
    [ -z "$PODS_PARENT" ] || pods_make_directory "${root%/*}" 100 || return 1
    pods_make_directory "$root" "$(pods_weight $((PODS_CPUS * 1000)))" &&
      pods_make_directory "$root/besteffort" 1 && pods_make_directory "$root/burstable" 79 || return 1
  fi
  : >"$PODS_STATE/tree"
}

pods_prepare() {
  local rootfs=$PODS_STATE/rootfs
  [ ! -x "$rootfs/bin/load" ] || return 0
  mkdir -p "$PODS_STATE/pods" "$rootfs"/{bin,dev,proc,load,memory}
  cp "$(command -v busybox)" "$rootfs/bin/busybox" &&
    ln -sf busybox "$rootfs/bin/sh" && install -m755 "$PODS_LIB/load" "$rootfs/bin/load"
}

pods_wait() { # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.1
  done
}

# ---- pods -------------------------------------------------------------------------------------

pod_start() {
  local namespace=default priority=0 request='' limit='' labels=()
  while [[ ${1:-} = --* ]]; do
    case $1 in
      --namespace) namespace=$2 ;;
      --priority) priority=$2 ;;
      --label) labels+=("$2") ;;
      --request) request=$2 ;;
      --limit) limit=$2 ;;
      *) pods_error "unknown option $1" || return 1 ;;
    esac
    shift 2
  done
  [ $# = 4 ] || pods_error 'usage: pod_start [OPTION...] NAME QOS UID COMMAND' || return 1
  local name=$1 qos=$2 uid=$3 command=$4 class=$2
  [ "$qos" != guaranteed ] || { class='' request=${request:-$limit}; }

  pods_prepare && pods_make_tree || return 1
  local id bundle=$PODS_STATE/pods/$name pod_cgroup container_cgroup cgroups_path driver=()
  id=${uid//-/}${uid//-/} # 64 hexadecimal digits
  mkdir -p "$bundle/load"
  mkfifo "$bundle/load/cores"
  if [ "$PODS_DRIVER" = systemd ]; then
    local slice
    slice=$(pods_unit "${class:+$class-}pod${uid//-/_}")
    pods_make_slice "$slice" "$(pods_weight "${request:-0}")" "$limit" || return 1
    pod_cgroup=$PODS_CGROUPS$(pods_slice_path "$slice")
    container_cgroup=$pod_cgroup/cri-containerd-$id.scope
    cgroups_path=$slice:cri-containerd:$id
    driver=(--systemd-cgroup)
    echo "$slice" >"$bundle/slice"
  else
    pod_cgroup=$(pods_root)${class:+/$class}/pod$uid
    pods_make_directory "$pod_cgroup" "$(pods_weight "${request:-0}")" "$limit" || return 1
    container_cgroup=$pod_cgroup/$id
    cgroups_path=${container_cgroup#"$PODS_CGROUPS"}
  fi
  echo "$id" >"$bundle/id"
  echo "$pod_cgroup" >"$bundle/pod-cgroup"
  echo "$container_cgroup" >"$bundle/container-cgroup"
  pod_config "$command" "$cgroups_path" "$bundle" "${request:-0}" "$limit" >"$bundle/config.json"

  if ! runc --root "$PODS_STATE/runc" "${driver[@]}" run -d --bundle "$bundle" "$id" \
    </dev/null >"$bundle/log" 2>&1; then
    cat "$bundle/log" >&2
    return 1
  fi
  # What kubelet and the runtime turn on for the pod's children.
  pods_enable_controllers "$pod_cgroup" || return 1
  if [ -n "$PODS_MANIFESTS" ]; then
    pod_manifest "$name" "$qos" "$uid" "$id" >"$PODS_MANIFESTS/pod-$name.yaml"
  fi
}

pod_config() { # COMMAND CGROUPSPATH BUNDLE REQUEST LIMIT: the OCI configuration
  local cpu on='' cpus='' escaped=${1//\\/\\\\}
  escaped=${escaped//\"/\\\"}
  cpu="\"shares\": $(pods_shares "$4")"
  [ -z "$5" ] || cpu+=", \"quota\": $(($5 * 100)), \"period\": 100000"
  # Of the test VM's CPUs the first is the system's own, and everything starts out on it.
  [ ! -r /sys/devices/system/cpu/nohz_full ] || cpus=$(</sys/devices/system/cpu/nohz_full)
  case $cpus in 1*) on="\"/bin/busybox\", \"taskset\", \"$(printf '%x' $(((1 << PODS_CPUS) - 2)))\", " ;; esac
  cat <<-JSON
	{
	  "ociVersion": "1.0.2",
	  "process": {
	    "user": {"uid": 0, "gid": 0}, "cwd": "/", "env": ["PATH=/bin"], "noNewPrivileges": true,
	    "args": [$on"/bin/sh", "-c", "$escaped"]
	  },
	  "root": {"path": "$PODS_STATE/rootfs", "readonly": true},
	  "hostname": "pod",
	  "mounts": [
	    {"destination": "/proc", "type": "proc", "source": "proc"},
	    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755", "size=64k"]},
	    {"destination": "/memory", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755", "size=90%"]},
	    {"destination": "/load", "type": "bind", "source": "$3/load", "options": ["bind", "rw"]}
	  ],
	  "linux": {
	    "cgroupsPath": "$2",
	    "resources": {"devices": [{"allow": false, "access": "rwm"}], "cpu": {$cpu}},
	    "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}, {"type": "cgroup"}]
	  }
	}
	JSON
}

pod_manifest() { # NAME QOS UID ID, and pod_start's variables: what the API server would say of it
  local label resources='' class
  case $2 in besteffort) class=BestEffort ;; burstable) class=Burstable ;; *) class=Guaranteed ;; esac
  [ -z "$request" ] || resources+=$'\n'"      requests: {cpu: ${request}m, memory: 64Mi}"
  [ -z "$limit" ] || resources+=$'\n'"      limits: {cpu: ${limit}m, memory: 64Mi}"
  cat <<-YAML
	apiVersion: v1
	kind: Pod
	metadata:
	  name: $1
	  namespace: $namespace
	  uid: $3
	  creationTimestamp: "$(date -u +%FT%TZ)"
	  labels:
	    app: $1
	$(for label in "${labels[@]}"; do printf '    %s: "%s"\n' "${label%%=*}" "${label#*=}"; done)
	spec:
	  nodeName: $(hostname)
	  priority: $priority
	  containers:
	  - name: main
	    image: local/busybox
	    resources:${resources:- {\}}
	status:
	  phase: Running
	  qosClass: $class
	  containerStatuses:
	  - name: main
	    containerID: containerd://$4
	    ready: true
	    state: {running: {startedAt: "$(date -u +%FT%TZ)"}}
	YAML
}

node_manifest() { # [LABEL=VALUE...]
  local label
  cat >"$PODS_MANIFESTS/node.yaml" <<-YAML
	apiVersion: v1
	kind: Node
	metadata:
	  name: $(hostname)
	  labels:
	    kubernetes.io/hostname: $(hostname)
	$(for label; do printf '    %s: "%s"\n' "${label%%=*}" "${label#*=}"; done)
	status:
	  capacity: {cpu: "$PODS_CPUS"}
	  allocatable: {cpu: "$PODS_CPUS"}
	YAML
}

pod_tell() { printf '%s %s\n' "$2" "$3" 1<>"$PODS_STATE/pods/$1/load/cores"; }
pod_load() { pod_tell "$1" cores "$2"; }
pod_memory() { pod_tell "$1" memory "$2"; }

pod_stop() {
  local bundle=$PODS_STATE/pods/$1 id
  [ -r "$bundle/id" ] || return 0
  id=$(<"$bundle/id")
  runc --root "$PODS_STATE/runc" delete -f "$id" 2>/dev/null || true
  if [ -e "$bundle/slice" ]; then
    systemctl stop "$(<"$bundle/slice")"
    pods_forget_unit "$(<"$bundle/slice")" "cri-containerd-$id.scope"
  else
    pods_wait 10 pods_remove_directory "$(<"$bundle/pod-cgroup")"
  fi
  [ -z "$PODS_MANIFESTS" ] || rm -f "$PODS_MANIFESTS/pod-$1.yaml"
  rm -rf "$bundle"
}

pods_remove_directory() {
  [ ! -d "$1" ] || find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || [ ! -d "$1" ]
}

# Run-time properties outlive a transient unit as drop-ins.
pods_forget_unit() {
  local unit kind left=0
  for unit; do
    for kind in system.control transient; do
      [ ! -e "/run/systemd/$kind/$unit.d" ] || { rm -r "/run/systemd/$kind/$unit.d" && left=1; }
      [ ! -e "/run/systemd/$kind/$unit" ] || { rm "/run/systemd/$kind/$unit" && left=1; }
    done
  done
  if [ $left = 1 ]; then : >"$PODS_STATE/reload"; fi
}

pods_cleanup() {
  [ -d "$PODS_STATE" ] || return 0
  local bundle units=() path
  for bundle in "$PODS_STATE"/pods/*/; do
    [ -d "$bundle" ] && pod_stop "$(basename "$bundle")"
  done
  if [ -s "$PODS_STATE/slices" ]; then
    mapfile -t units < <(tac "$PODS_STATE/slices")
    systemctl stop "${units[@]}" 2>/dev/null || true
    pods_forget_unit "${units[@]}"
  fi
  if [ -s "$PODS_STATE/directories" ]; then
    while read -r path; do
      pods_wait 10 pods_remove_directory "$path" || pods_error "$path stays"
    done < <(tac "$PODS_STATE/directories")
  fi
  [ ! -e "$PODS_STATE/reload" ] || systemctl daemon-reload
  rm -rf "$PODS_STATE"
  [ -z "$PODS_MANIFESTS" ] || rm -f "$PODS_MANIFESTS/node.yaml"
}
