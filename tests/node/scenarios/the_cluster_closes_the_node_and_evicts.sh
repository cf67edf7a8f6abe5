#!/bin/bash
# Policies and pods of a cluster; cordon, eviction, and an API server that dies in the middle.
# lane: short
# cpus: 5
# timeout: 480
# apiserver: yes
. /root/node/lib/scene.sh
. /root/node/lib/cluster.sh
PODS_MANIFESTS=/root/manifests-of-the-cluster # nothing of it is a local file
mkdir -p $PODS_MANIFESTS /etc/plimsoll/plimsolld.toml.d

action() { # NAME SPEC
  printf 'apiVersion: ensurance.crane.io/v1alpha1\nkind: AvoidanceAction\nmetadata: {name: %s}\nspec: %s\n' "$1" "$2"
}
rule() { # NAME ACTION WATERMARK
  printf 'apiVersion: ensurance.crane.io/v1alpha1\nkind: NodeQOS\nmetadata: {name: %s}\nspec: {rules: [{name: cpu, metricRule: {name: cpu_total_usage, value: "%s"}, avoidanceThreshold: 2, restoreThreshold: 2, actionName: %s, strategy: None}]}\n' "$1" "$3" "$2"
}
no_rule() { api delete "/apis/ensurance.crane.io/v1alpha1/nodeqoss/$1"; }
cordoned() { node_has /spec/unschedulable true; }
open() { node_has /spec/unschedulable null; }
condition_is() {
  api get /api/v1/nodes/$NODE /status/conditions | tr '{' '\n' | grep interference-identified | grep -q "\"status\": *\"$1\""
}

printf '[eviction]\ninterval = "5s"\n' >/etc/plimsoll/plimsolld.toml.d/scenario.toml
must 'a cluster' cluster_start
pods_of_the_scene >/dev/null || exit 1
for pod in "batch1 $BATCH1 BestEffort" "batch2 $BATCH2 BestEffort" "web $WEB Burstable"; do
  # shellcheck disable=SC2086
  set -- $pod
  pod_in_cluster jobs "$1" "$2" "$3" || exit 1
done >/dev/null
{
  action close '{coolDownSeconds: 3}'
  echo ---
  action end '{coolDownSeconds: 8, eviction: {terminationGracePeriodSeconds: 5}}'
  echo ---
  action slow '{coolDownSeconds: 3, throttle: {cpuThrottle: {minCPURatio: 10, stepCPURatio: 20}}}'
  echo ---
  cat <<-YAML
	apiVersion: ensurance.crane.io/v1alpha1
	kind: PodQOS
	metadata: {name: best-effort}
	spec:
	  allowedActions: [close, end, slow]
	  scopeSelector: {matchExpressions: [{scopeName: QOSClass, operator: In, values: [BestEffort]}]}
	YAML
} >/root/policies.yaml
must 'policies in the cluster' api apply /root/policies.yaml

systemctl start plimsolld
must 'everything is mirrored with the credentials of the kubelet' wait_until 40 cluster_is mirrored
check 'the node has its name from them' shows '"node"' property "${MANAGER[1]}" Manager NodeName

rule closing close $WATERMARK | api apply - >/dev/null
surge
check 'a rule of the cluster closes the node' wait_until 40 cordoned
check 'and marks it as ours' shows 'closing/cpu' api get /api/v1/nodes/$NODE /metadata/annotations
check 'D-Bus shows it' wait_until 10 scheduling_is closed
check 'an Event tells it' wait_until 20 event_with AvoidanceTriggered
check 'and the condition' wait_until 20 condition_is True
systemctl restart plimsolld
check 'a restart keeps it closed' cordoned
calm
check 'it is opened after the cool-down' wait_until 40 open
check 'nothing of ours stays on it' shows '^(null|\{\})$' api get /api/v1/nodes/$NODE /metadata/annotations
check 'an Event tells that, too' wait_until 20 event_with RestoreTriggered
check 'and the condition is False' wait_until 20 condition_is False

surge
check 'closed again' wait_until 40 cordoned
no_rule closing >/dev/null
check 'a policy that vanishes opens the node' wait_until 20 open

# Four busy cores are above it. When one pod is gone, three are below, however busy the server is.
rule ending end 4050 | api apply - >/dev/null
check 'a pod is told to go' wait_until 40 eval 'pod_goes jobs batch1 || pod_goes jobs batch2'
check 'the node is closed, or it would come straight back' cordoned
victim=batch1
pod_goes jobs batch1 >/dev/null 2>&1 || victim=batch2
pod_stop $victim # what the kubelet does
check 'it is gone' wait_until 30 pod_is_gone jobs $victim
check 'an Event on the pod says by whom' wait_until 20 event_with Evicted jobs
survivor=$([ $victim = batch1 ] && echo batch2 || echo batch1)
sleep 6
check 'only one went: that was enough' eval "pod_is_there jobs $survivor && ! pod_goes jobs $survivor"
check 'the journal has it' has_entry PLIMSOLL_EVENT=pod-evicted
check 'the node is open again after the cool-down' wait_until 60 open
no_rule ending >/dev/null
files_snapshot /root/before

rule slowing slow 2400 | api apply - >/dev/null
check 'a rule of the cluster throttles' wait_until 40 throttled $survivor
api do stop
check 'the API server is gone' wait_until 40 cluster_is unreachable
sleep 3
check 'the rule goes on' throttled $survivor
systemctl restart plimsolld
check 'a restart without it acts on what was known' wait_until 60 throttled $survivor
check 'and says how old that is' has_entry PLIMSOLL_EVENT=mirror-loaded
api do start
check 'the server is back, and is followed again' wait_until 60 cluster_is mirrored
no_rule slowing >/dev/null
check 'what is deleted in the cluster is undone here' wait_until 20 eval "! throttled $survivor"

rule closing close 2400 | api apply - >/dev/null
check 'closed once more' wait_until 40 cordoned
systemctl stop plimsolld
check 'a stop leaves the cordon: a restart may follow' cordoned
check 'plimsolld --open-node, as a removal does it' plimsolld --open-node
check 'opens the node' open
check 'and leaves no condition' eval '! api get /api/v1/nodes/$NODE /status/conditions | grep -q interference-identified'
check 'every byte of the host is back' files_same /root/before
check 'nothing was refused by the journal of the cluster' eval '! entries -p err | grep -v "does not answer"'
checks_end
