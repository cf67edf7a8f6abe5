#!/bin/bash
# Memory above the watermark: first memory.reclaim, then memory.high, on the worker thread.
# lane: short
# cpus: 3
# timeout: 300
. /root/node/lib/scene.sh

MIB=1048576
node_memory() { # MemTotal - MemAvailable, in MiB
  awk '/^MemTotal/ { t = $2 } /^MemAvailable/ { a = $2 } END { print int((t - a) / 1024) }' /proc/meminfo
}
pod_memory_now() { echo $(($(<"$(pod_dir "$1")/memory.current") / MIB)); } # NAME: in MiB
pod_is_below() { [ "$(pod_memory_now "$1")" -lt "$2" ]; }
node_memory_is_below() { [ "$(node_memory)" -lt "$1" ]; }
is_held() { ! grep -q max "$(pod_dir "$1")/memory.high"; }
is_not_held() { grep -q max "$(pod_dir "$1")/memory.high"; }

memory_policy() { # NAME MEMORYTHROTTLE WATERMARK-MIB
  cat >$PODS_MANIFESTS/policy.yaml <<-YAML
	apiVersion: ensurance.crane.io/v1alpha1
	kind: AvoidanceAction
	metadata: {name: $1}
	spec:
	  coolDownSeconds: 3
	  throttle: {memoryThrottle: $2}
	---
	apiVersion: ensurance.crane.io/v1alpha1
	kind: NodeQOS
	metadata: {name: node}
	spec:
	  rules:
	    - name: memory
	      metricRule: {name: memory_total_usage, value: "$3Mi"}
	      avoidanceThreshold: 2
	      restoreThreshold: 2
	      actionName: $1
	---
	apiVersion: ensurance.crane.io/v1alpha1
	kind: PodQOS
	metadata: {name: best-effort}
	spec:
	  allowedActions: [$1]
	  scopeSelector: {matchExpressions: [{scopeName: QOSClass, operator: In, values: [BestEffort]}]}
	YAML
}

# What a pod holds can only go to swap.
add_swap() {
  dd if=/dev/zero of=/root/swap bs=1M count=512 2>/dev/null && chmod 600 /root/swap &&
    mkswap /root/swap && swapon /root/swap
}

check 'there is swap' add_swap
check 'a best-effort pod and a burstable pod start' eval \
  "pod_start --namespace jobs batch1 besteffort $BATCH1 '/bin/load 0' && pod_start web burstable $WEB '/bin/load 0' && node_manifest"
check 'the best-effort pod takes 160 MiB' eval 'pod_memory batch1 160; wait_until 30 eval "! pod_is_below batch1 150"'
base=$(node_memory)
line=$((base + 60))
echo "# the node uses $base MiB, watermark $line MiB"

memory_policy reclaim '{forceGC: true}' "$line"
files_snapshot /root/before
check 'the daemon starts' systemctl start plimsolld
check 'a burstable pod takes 120 MiB' eval 'pod_memory web 120; wait_until 30 eval "! pod_is_below web 110"'
check 'the kernel is asked to take memory from the best-effort pod' wait_until 40 has_entry PLIMSOLL_EVENT=pod-reclaimed PLIMSOLL_POD=batch1
check 'and the pod has less' wait_until 30 pod_is_below batch1 140
check 'the node comes below the watermark' wait_until 40 node_memory_is_below "$line"
check 'what was reclaimed was measured' wait_until 30 has_entry PLIMSOLL_EVENT=effect-measured PLIMSOLL_POD=batch1
check 'reclaiming leaves nothing behind' files_same /root/before
check 'the burstable pod was not touched' eval '! has_entry PLIMSOLL_POD=web PLIMSOLL_EVENT=pod-reclaimed'

check 'the pods give back what they took' eval 'pod_memory web 0; pod_memory batch1 0; wait_until 30 pod_is_below batch1 40'
memory_policy squeeze '{minMemoryRatio: 10, stepMemoryRatio: 25}' "$line"
check 'the policy is taken over' wait_until 20 shows squeeze property "$(busctl tree --list org.plimsoll.Node1 | grep -m1 '/rule/.*/')" Rule ActionName
check 'the best-effort pod takes 160 MiB again' eval 'pod_memory batch1 160; wait_until 30 eval "! pod_is_below batch1 150"'
check 'the burstable pod, too' eval 'pod_memory web 120; wait_until 30 eval "! pod_is_below web 110"'
check 'the best-effort pod is held by memory.high' wait_until 40 is_held batch1
check 'the burstable pod is not' is_not_held web
check 'the pod object shows it' wait_until 10 shows 'memory.high' property /org/plimsoll/Node1/pod/a1111111_2d2222_2d3333_2d4444_2d555555555551 Pod ThrottledBy
check 'the node comes below the watermark' wait_until 60 node_memory_is_below "$line"
check 'a daemon-reload of systemd does not lose it' eval 'systemctl daemon-reload; sleep 2; is_held batch1'
check 'once the load is gone it is given back' eval 'pod_memory web 0; wait_until 90 is_not_held batch1'
check 'every byte is back while the daemon runs' wait_until 10 files_same /root/before

check 'it is held again' eval 'pod_memory batch1 160; pod_memory web 120; wait_until 60 is_held batch1'
unit_setting Restart=no
check 'it is held still' wait_until 60 is_held batch1
check 'the daemon is killed' systemctl kill -s KILL plimsolld
check 'it is dead' wait_until 30 daemon_is_dead
check 'every byte is back after it' files_same /root/before
checks_end
