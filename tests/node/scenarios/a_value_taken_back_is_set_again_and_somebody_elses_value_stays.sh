#!/bin/bash
# Drift: kubelet and systemd reset what they do not know; a human decides.
# lane: long
# cpus: 5
# timeout: 300
. /root/node/lib/scene.sh

pods_of_the_scene || exit 1
policy
files_snapshot /root/before
surge
systemctl start plimsolld
check 'both pods are throttled' wait_until 60 throttled batch1
file=$(pod_dir batch1)/cpu.max
unit=$(basename "$(pod_dir batch1)")
echo 'max 100000' >"$file"
check 'the old value is written over again' wait_until 10 throttled batch1
check 'and said' has_entry PLIMSOLL_EVENT=drift-reapplied PLIMSOLL_POD=batch1
systemctl set-property --runtime "$unit" CPUQuota=77%
check 'a human value stays' wait_until 10 has_entry PLIMSOLL_EVENT=pod-yielded PLIMSOLL_POD=batch1
sleep 5
check 'as it was set' file_is "$file" '77000 100000'
systemctl stop plimsolld
check 'also after the daemon has ended' file_is "$file" '77000 100000'
check 'no attribute of ours is left' is "$(getfattr -R -d -m '^user.plimsoll' /sys/fs/cgroup/kubepods.slice 2>/dev/null)" ''
checks_end
