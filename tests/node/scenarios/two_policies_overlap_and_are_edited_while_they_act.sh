#!/bin/bash
# Preview beside None, two NodeQOS on the same pods, by absolute and percent watermark; a policy is
# edited and another one deleted while both act.
# lane: short
# cpus: 5
# timeout: 300
. /root/node/lib/scene.sh

nodeqos() { # FILE NAME METRIC VALUE ACTION STRATEGY
  cat >"$PODS_MANIFESTS/$1" <<-YAML
	apiVersion: ensurance.crane.io/v1alpha1
	kind: NodeQOS
	metadata: {name: $2}
	spec:
	  rules:
	    - name: cpu
	      metricRule: {name: $3, value: $4}
	      avoidanceThreshold: 2
	      restoreThreshold: 2
	      actionName: $5
	      strategy: $6
	YAML
}
action() { # NAME STEP
  cat >"$PODS_MANIFESTS/action-$1.yaml" <<-YAML
	apiVersion: ensurance.crane.io/v1alpha1
	kind: AvoidanceAction
	metadata: {name: $1}
	spec:
	  coolDownSeconds: 3
	  throttle: {cpuThrottle: {minCPURatio: 10, stepCPURatio: $2}}
	YAML
}
cat >$PODS_MANIFESTS/podqos.yaml <<'YAML'
apiVersion: ensurance.crane.io/v1alpha1
kind: PodQOS
metadata: {name: best-effort}
spec:
  allowedActions: [gentle, firm]
  scopeSelector: {matchExpressions: [{scopeName: QOSClass, operator: In, values: [BestEffort]}]}
YAML
action gentle 10
action firm 30
# Percent of 5 CPUs; 3400 m are 68 %.
nodeqos a-preview.yaml preview cpu_total_usage 2500 firm Preview
nodeqos b-absolute.yaml absolute cpu_total_usage 3400 gentle None
nodeqos c-percent.yaml percent cpu_total_utilization 68 firm None

verdict() { property "/org/plimsoll/Node1/rule/$1/cpu" Rule Verdict; }
causes() { property /org/plimsoll/Node1/pod/a1111111_2d2222_2d3333_2d4444_2d55555555555"$1" Pod Causes; }
some_pod_has_causes() { causes 1 | grep -qE "$1" || causes 2 | grep -qE "$1"; }

check 'the pods of the scene start' pods_of_the_scene
files_snapshot /root/before
check 'the daemon starts' systemctl start plimsolld
sleep 5
check 'below every acting watermark nothing is touched' files_same /root/before

surge
check 'both acting rules throttle' wait_until 30 some_pod_is_throttled
check 'both hold the pod' wait_until 20 some_pod_has_causes 'absolute/cpu.*percent/cpu|percent/cpu.*absolute/cpu'
check 'the preview only says what it would do' shows 'would throttle' entries PLIMSOLL_EVENT=pod-preview
check 'and holds nothing' eval '! some_pod_has_causes preview'
check 'the node comes below the lines' wait_until 60 node_is_below 3450

nodeqos c-percent.yaml percent cpu_total_utilization 95 firm None
check 'an edited rule begins anew' wait_until 20 shows 'idle' verdict percent
check 'the pods stay with the other one' eval 'sleep 3; some_pod_is_throttled && some_pod_has_causes absolute/cpu && ! some_pod_has_causes percent/cpu'

rm $PODS_MANIFESTS/b-absolute.yaml
check 'a deleted one puts back what it alone held' wait_until 20 no_pod_is_throttled
check 'to the byte, with the load still on' wait_until 10 files_same /root/before
check 'the preview goes on' shows 'avoiding' verdict preview
check 'and has counted the episode' shows 'WouldHelp' property /org/plimsoll/Node1/rule/preview/cpu Rule PreviewScore
calm
check 'its score is told when it is over' wait_until 30 has_entry PLIMSOLL_EVENT=preview-scored
check 'decisions are listed' shows 'percent/cpu|absolute/cpu' busctl call "${MANAGER[@]}" org.plimsoll.Node1.Manager ListDecisions u 20
check 'and explained by plan' eval 'plan=$(journalctl -q -o json -n 1 _SYSTEMD_UNIT=plimsolld.service PLIMSOLL_EVENT=decision | sed "s/.*\"PLIMSOLL_PLAN_ID\":\"\([^\"]*\)\".*/\1/");
  shows Considered busctl call "${MANAGER[@]}" org.plimsoll.Node1.Manager Explain s "$plan"'
check 'the daemon stops' systemctl stop plimsolld
check 'every byte is back after it' files_same /root/before
checks_end
