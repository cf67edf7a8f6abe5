#!/bin/bash
# SIGTERM, a removed policy, a preview: nothing is held without a reason.
# lane: short
# cpus: 5
# timeout: 240
. /root/node/lib/scene.sh

pods_of_the_scene || exit 1
policy
files_snapshot /root/before
surge
systemctl start plimsolld
check 'pods are throttled' wait_until 30 some_pod_is_throttled
check 'systemctl stop' systemctl stop plimsolld
check 'puts every byte back' files_same /root/before

systemctl start plimsolld
check 'throttled again' wait_until 30 some_pod_is_throttled
rm $PODS_MANIFESTS/policy.yaml
check 'a removed policy undoes what it caused' wait_until 10 no_pod_is_throttled
check 'to the byte' files_same /root/before

policy $WATERMARK Preview
sleep 6
check 'a preview touches nothing' files_same /root/before
check 'and says what it would do' has_entry PLIMSOLL_EVENT=pod-preview

policy
check 'the rule acts again when it is None' wait_until 30 some_pod_is_throttled
pod_uid_file=$PODS_MANIFESTS/pod-batch1.yaml
mv "$pod_uid_file" /root/
mv $PODS_MANIFESTS/pod-batch2.yaml /root/
check 'pods whose objects vanish are let go' wait_until 10 no_pod_is_throttled
systemctl stop plimsolld
check 'nothing is left' files_same /root/before
checks_end
