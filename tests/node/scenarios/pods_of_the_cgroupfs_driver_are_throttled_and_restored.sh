#!/bin/bash
# lane: long
# cpus: 5
# timeout: 240
export PODS_DRIVER=cgroupfs
. /root/node/lib/scene.sh

pods_of_the_scene || exit 1
policy
files_snapshot /root/before
surge
systemctl start plimsolld
check 'pods in plain directories are throttled' wait_until 30 some_pod_is_throttled
check 'by writing the file' has_entry PLIMSOLL_EVENT=pod-throttled PLIMSOLL_WRITER=file
calm
check 'and restored' wait_until 60 no_pod_is_throttled
check 'to the byte' files_same /root/before
surge
check 'again' wait_until 30 some_pod_is_throttled
systemctl stop plimsolld
check 'and undone by a stop' files_same /root/before
checks_end
