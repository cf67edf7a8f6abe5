#!/bin/bash
# The main job.
# lane: short
# cpus: 5
# timeout: 240
. /root/node/lib/scene.sh

check 'the pods of the scene start' pods_of_the_scene
policy
files_snapshot /root/before
check 'the daemon starts' systemctl start plimsolld
check 'and says what it does' wait_until 10 shows 'watching: 1 rules' systemctl show -P StatusText plimsolld
sleep 4
check 'below the watermark nothing is touched' files_same /root/before

surge
check 'above it a best-effort pod is throttled' wait_until 20 some_pod_is_throttled
check 'the burstable pod is not' grep -q '^max' "$(pod_dir web)/cpu.max"
check 'the node comes below the watermark' wait_until 40 node_is_below $WATERMARK
check 'the pod object shows it' shows true property /org/plimsoll/Node1/pod/a1111111_2d2222_2d3333_2d4444_2d555555555551 Pod Throttled
check 'the rule object shows it' shows 'avoiding|recovering|cooling' rule_verdict
check 'the journal has the trigger' has_entry PLIMSOLL_EVENT=rule-triggered PLIMSOLL_RULE=node/cpu
check 'the journal has the step, by pod' has_entry PLIMSOLL_EVENT=pod-throttled PLIMSOLL_NAMESPACE=jobs
check 'the journal of the slice has it too' shows throttled journalctl -q -o cat -u "$(basename "$(pod_dir batch1)")" -u "$(basename "$(pod_dir batch2)")"
check 'the catalog explains it' shows 'The original value is kept' journalctl -q -x -u plimsolld PLIMSOLL_EVENT=pod-throttled
check 'a daemon-reload of systemd does not lose it' systemctl daemon-reload
check 'still throttled' some_pod_is_throttled

calm
check 'after the surge and the cool-down all is restored' wait_until 60 no_pod_is_throttled
check 'the rule says so' wait_until 10 has_entry PLIMSOLL_EVENT=rule-restored
check 'every byte is back while the daemon runs' files_same /root/before
check 'the daemon stops' systemctl stop plimsolld
check 'every byte is back after it' files_same /root/before
checks_end
