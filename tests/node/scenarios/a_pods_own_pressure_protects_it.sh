#!/bin/bash
# A per-pod rule on CPU pressure: the victim's stall, not the node's load, throttles the batch pods.
# lane: short
# cpus: 5
# timeout: 240
. /root/node/lib/scene.sh

cat >$PODS_MANIFESTS/policy.yaml <<'YAML'
apiVersion: ensurance.crane.io/v1alpha1
kind: AvoidanceAction
metadata: {name: throttle}
spec:
  coolDownSeconds: 3
  throttle: {cpuThrottle: {minCPURatio: 10, stepCPURatio: 40}}
---
apiVersion: ensurance.crane.io/v1alpha1
kind: NodeQOS
metadata: {name: victims}
spec:
  rules:
    - name: web-stalls
      metricRule:
        name: pod_cpu_pressure_some
        value: 25
        selector: {matchLabels: {app: web}}
      avoidanceThreshold: 2
      restoreThreshold: 2
      actionName: throttle
---
apiVersion: ensurance.crane.io/v1alpha1
kind: PodQOS
metadata: {name: batch}
spec:
  allowedActions: [throttle]
  labelSelector: {matchLabels: {tier: batch}}
YAML

RULE=/org/plimsoll/Node1/rule/victims/web_2dstalls
pressure_is_below() { # PERCENT: some stall of the web pod, over two seconds
  local a b
  a=$(sed -n 's/^some.*total=//p' "$(pod_dir web)/cpu.pressure")
  sleep 2
  b=$(sed -n 's/^some.*total=//p' "$(pod_dir web)/cpu.pressure")
  echo "$(((b - a) / 20000)) %"
  [ $(((b - a) / 20000)) -lt "$1" ]
}

# Best-effort pods have next to no weight beside it: the kernel itself keeps them from hurting much.
# What hurts is batch work that asked for CPU.
check 'a web pod and two batch pods start' eval \
  "pod_start --namespace jobs --request 1000 --label tier=batch batch1 burstable $BATCH1 '/bin/load 0' &&
   pod_start --namespace jobs --request 1000 --label tier=batch batch2 burstable $BATCH2 '/bin/load 0' &&
   pod_start --request 500 web burstable $WEB '/bin/load 2' && node_manifest"
files_snapshot /root/before
check 'the daemon starts' systemctl start plimsolld
sleep 4
check 'a busy node is no reason' files_same /root/before

check 'batch work crowds the CPUs' eval 'pod_load batch1 4; pod_load batch2 3; ! pressure_is_below 25'
check 'a batch pod is throttled' wait_until 30 some_pod_is_throttled
check 'because the web pod stalls' shows 'pod_cpu_pressure_some of default/web' entries PLIMSOLL_EVENT=pod-throttled
check 'the web pod is not throttled' grep -q '^max' "$(pod_dir web)/cpu.max"
check 'the rule names the victim' shows 'default/web' property $RULE Rule Series
check 'its pressure falls below the line' wait_until 90 pressure_is_below 25
check 'the effect was measured' wait_until 20 has_entry PLIMSOLL_EVENT=effect-measured
check 'and is explained on D-Bus' shows 'pod_cpu_pressure_some' busctl call "${MANAGER[@]}" org.plimsoll.Node1.Manager Explain s jobs/batch1

check 'when the batch work ends all is restored' eval 'pod_load batch1 0; pod_load batch2 0; wait_until 120 no_pod_is_throttled'
check 'every byte is back while the daemon runs' wait_until 10 files_same /root/before
check 'the daemon stops' systemctl stop plimsolld
checks_end
