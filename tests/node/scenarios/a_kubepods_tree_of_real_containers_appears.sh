#!/bin/bash
# The ground the other scenarios stand on; needs no daemon.
# lane: short
# cpus: 5
# timeout: 240
# daemon: no
. /root/node/lib/check.sh
PODS_MANIFESTS=/root/manifests
mkdir -p $PODS_MANIFESTS
. /root/node/lib/pods.sh

be=11111111-2222-3333-4444-555555555555
bu=21111111-2222-3333-4444-555555555555
gu=31111111-2222-3333-4444-555555555555
top=/sys/fs/cgroup/kubepods.slice

files_snapshot /root/before
units_before=$(systemctl list-units --all --no-legend --plain | awk '{ print $1 }')
must 'a best-effort pod starts' pod_start --label app=batch batch besteffort $be '/bin/load 2'
must 'a burstable pod starts' pod_start --request 500 --limit 1000 web burstable $bu '/bin/load 0'
must 'a guaranteed pod starts' pod_start --limit 500 --priority 100 db guaranteed $gu '/bin/load 1'
node_manifest pool=test

besteffort=$top/kubepods-besteffort.slice/kubepods-besteffort-pod${be//-/_}.slice
burstable=$top/kubepods-burstable.slice/kubepods-burstable-pod${bu//-/_}.slice
guaranteed=$top/kubepods-pod${gu//-/_}.slice
check 'the best-effort pod slice is where a kubelet puts it' is "$(pod_dir batch)" "$besteffort"
check 'the burstable pod slice is where a kubelet puts it' is "$(pod_dir web)" "$burstable"
check 'the guaranteed pod slice is where a kubelet puts it' is "$(pod_dir db)" "$guaranteed"
scopes() { find $top -name 'cri-containerd-*.scope' | sed 's/.*cri-containerd-[0-9a-f]\{64\}\.scope$/scope/' | sort | uniq -c | xargs; }
check 'each has one container scope with a 64-digit id' is "$(scopes)" '3 scope'
check 'the container runs in its scope' grep -q . "$(pod_container_dir batch)/cgroup.procs"
check 'the pod slice is a transient unit' is \
  "$(systemctl show -P Transient kubepods-besteffort-pod${be//-/_}.slice)" yes
check 'the containers have the cpu, cpuset, memory, pids and io controllers' is \
  "$(for c in cpu cpuset io memory pids; do grep -ow $c "$(pod_container_dir web)/cgroup.controllers"; done | xargs)" \
  'cpu cpuset io memory pids'
check 'a pod without a limit has no quota' file_is "$besteffort/cpu.max" 'max 100000'
check 'the limit is the quota of the pod slice' file_is "$burstable/cpu.max" '100000 100000'
check 'and of the container' file_is "$(pod_container_dir db)/cpu.max" '50000 100000'
check 'a best-effort pod weighs least' file_is "$besteffort/cpu.weight" 1
check 'a request is a weight' file_is "$burstable/cpu.weight" 20

check 'two busy loops use two cores' cores_between "$besteffort" 3 1.85 2.1
check 'the limit of the guaranteed pod holds' cores_between "$guaranteed" 3 0.42 0.58
check 'the calm pod uses nothing' cores_between "$burstable" 3 0 0.1
check 'the node counts what they use' awk -v m="$(node_millicores 4)" \
  'BEGIN { print m " millicores"; exit !(m > 2300 && m < 3300) }'

systemctl set-property --runtime "kubepods-besteffort-pod${be//-/_}.slice" CPUQuota=60%
check 'a quota set on the pod slice by systemd is in cpu.max' file_is "$besteffort/cpu.max" '60000 100000'
sleep 1
check 'and holds' cores_between "$besteffort" 4 0.52 0.68
echo '30000 100000' >"$(pod_container_dir batch)/cpu.max"
sleep 1
check 'a quota written to the scope holds' cores_between "$besteffort" 4 0.24 0.36

pod_load web 3
check 'load can be raised, up to the limit' wait_until 20 cores_between "$burstable" 2 0.85 1.15
pod_load web 0
check 'and dropped' wait_until 20 cores_between "$burstable" 2 0 0.1

check 'there is a manifest for each pod and the node' is "$(cd $PODS_MANIFESTS && echo *)" \
  'node.yaml pod-batch.yaml pod-db.yaml pod-web.yaml'
check 'a pod stops alone' pod_stop web
check 'and its slice is gone' test ! -e "$burstable"

check 'all is cleaned up' pods_cleanup
check 'no cgroup is left' test ! -e $top
check 'no file, attribute or drop-in is left' files_same /root/before
check 'no unit is left' is "$(systemctl list-units --all --no-legend --plain | awk '{ print $1 }' | grep -c -e kubepods -e cri-)" \
  "$(grep -c -e kubepods -e cri- <<<"$units_before")"
check 'no manifest is left' is "$(ls $PODS_MANIFESTS)" ''

export PODS_DRIVER=cgroupfs
check 'a pod of the cgroupfs driver starts' pod_start --request 250 --limit 500 plain burstable $bu '/bin/load 1'
check 'in plain directories' is "$(pod_dir plain)" "/sys/fs/cgroup/kubepods/burstable/pod$bu"
check 'with its limit' file_is "$(pod_dir plain)/cpu.max" '50000 100000'
check 'that holds' cores_between "$(pod_dir plain)" 3 0.42 0.58
check 'and goes away' pods_cleanup
check 'with all of its cgroups' test ! -e /sys/fs/cgroup/kubepods

export PODS_DRIVER=systemd PODS_PARENT=plimsolldemo
check 'a pod in a tree below a slice of its own starts' pod_start nested besteffort $be '/bin/load 0'
check 'as with kubelet --cgroup-root' is "$(pod_dir nested)" "/sys/fs/cgroup/plimsolldemo.slice/plimsolldemo-kubepods.slice/plimsolldemo-kubepods-besteffort.slice/plimsolldemo-kubepods-besteffort-pod${be//-/_}.slice"
check 'and goes away, its parent too' pods_cleanup
check 'with nothing left' test ! -e /sys/fs/cgroup/plimsolldemo.slice
check 'and no file, attribute or drop-in' files_same /root/before
checks_end
