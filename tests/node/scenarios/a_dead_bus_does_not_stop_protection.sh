#!/bin/bash
# lane: long
# cpus: 5
# timeout: 300
. /root/node/lib/scene.sh

pods_of_the_scene || exit 1
policy
files_snapshot /root/before
systemctl start plimsolld
check 'the name is taken' wait_until 10 property /org/plimsoll/Node1/Manager Manager Mode
systemctl stop dbus.socket dbus.service 2>/dev/null
surge
check 'without a bus pods are throttled all the same' wait_until 30 some_pod_is_throttled
check 'the daemon lives' systemctl is-active plimsolld
systemctl start dbus.socket dbus.service
check 'when the bus is back so is the name' wait_until 60 property /org/plimsoll/Node1/Manager Manager Mode
check 'with the state of now' wait_until 20 shows avoiding property /org/plimsoll/Node1/Manager Manager Mode
systemctl stop plimsolld
check 'nothing is left' files_same /root/before
checks_end
