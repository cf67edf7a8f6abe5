#!/bin/bash
# The tree of a hybrid node, as far as a node with unified cgroup v2 can show it: cgroup2 below
# /sys/fs/cgroup/unified and a v1 hierarchy beside it.
# lane: long
# cpus: 5
# timeout: 120
. /root/node/lib/scene.sh

mkdir -p /run/hybrid && mount -t tmpfs hybrid /run/hybrid
mkdir -p /run/hybrid/unified /run/hybrid/pids
mount -t cgroup2 cgroup2 /run/hybrid/unified
mount -t cgroup -o none,name=plimsoll-test none /run/hybrid/pids || skip 'v1 hierarchy: this kernel has none'
printf '[cgroup]\nmount = "/run/hybrid"\n' >/etc/plimsoll/plimsolld.toml
start_fails() { ! systemctl start plimsolld; }
check 'the daemon does not start' start_fails
check 'it says what to change' has_entry PLIMSOLL_EVENT=node-refused
check 'in one sentence' shows 'systemd.unified_cgroup_hierarchy=1' entries PLIMSOLL_EVENT=node-refused
sleep 5
check 'and is not started again and again' is "$(systemctl show -P NRestarts plimsolld)" 0
umount /run/hybrid/pids /run/hybrid/unified /run/hybrid
checks_end
