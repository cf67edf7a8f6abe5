# shellcheck shell=bash
# The scene most scenarios play on: two best-effort pods that each keep a core busy, one burstable pod
# that surges by two, and a rule that throttles best-effort pods above a watermark the surge crosses.
# For a node with 5 CPUs, the first of which is the system's own (see README.md).
. /root/node/lib/check.sh
PODS_MANIFESTS=/etc/plimsoll/policies.d
mkdir -p $PODS_MANIFESTS
. /root/node/lib/pods.sh

BATCH1=a1111111-2222-3333-4444-555555555551
BATCH2=a1111111-2222-3333-4444-555555555552
WEB=b1111111-2222-3333-4444-555555555555
MANAGER=(org.plimsoll.Node1 /org/plimsoll/Node1/Manager)

# Two cores of batch work and whatever the system does on its own core stay below it, the surge of two
# more cores is above, and what is left after throttling is below again.
WATERMARK=3400

policy() { # [WATERMARK [STRATEGY]]
  cat >$PODS_MANIFESTS/policy.yaml <<-YAML
	apiVersion: ensurance.crane.io/v1alpha1
	kind: AvoidanceAction
	metadata: {name: throttle}
	spec:
	  coolDownSeconds: 3
	  throttle: {cpuThrottle: {minCPURatio: 10, stepCPURatio: 20}}
	---
	apiVersion: ensurance.crane.io/v1alpha1
	kind: NodeQOS
	metadata: {name: node}
	spec:
	  rules:
	    - name: cpu
	      metricRule: {name: cpu_total_usage, value: ${1:-$WATERMARK}}
	      avoidanceThreshold: 2
	      restoreThreshold: 2
	      actionName: throttle
	      strategy: ${2:-None}
	---
	apiVersion: ensurance.crane.io/v1alpha1
	kind: PodQOS
	metadata: {name: best-effort}
	spec:
	  allowedActions: [throttle]
	  scopeSelector: {matchExpressions: [{scopeName: QOSClass, operator: In, values: [BestEffort]}]}
	YAML
}

pods_of_the_scene() {
  pod_start --namespace jobs batch1 besteffort $BATCH1 '/bin/load 1' &&
    pod_start --namespace jobs batch2 besteffort $BATCH2 '/bin/load 1' &&
    pod_start --request 500 web burstable $WEB '/bin/load 0' && node_manifest
}

surge() { pod_load web 2; }
calm() { pod_load web 0; }

throttled() { # NAME...: all of them
  local name
  for name; do
    if grep -q '^max' "$(pod_dir "$name")/cpu.max"; then return 1; fi
  done
}
some_pod_is_throttled() { throttled batch1 || throttled batch2; }
no_pod_is_throttled() { ! throttled batch1 && ! throttled batch2; }

property() { # OBJECT-PATH INTERFACE NAME: as busctl prints it
  busctl get-property org.plimsoll.Node1 "$1" "org.plimsoll.Node1.$2" "$3"
}

# The output (errors too) of a command has a match: shows REGEX COMMAND...
shows() {
  local pattern=$1 output
  shift
  output=$("$@" 2>&1)
  grep -qE -e "$pattern" <<<"$output" || { printf 'no %s in:\n%s\n' "$pattern" "$output"; return 1; }
}
rule_verdict() {
  busctl get-property org.plimsoll.Node1 \
    "$(busctl tree --list org.plimsoll.Node1 | grep -m1 '/rule/.*/')" org.plimsoll.Node1.Rule Verdict
}
node_is_below() { [ "$(node_millicores 2)" -lt "$1" ]; } # MILLICORES

entries() { # FIELD=VALUE...: messages of plimsolld's journal entries, also of plimsolld --undo
  journalctl -q -o cat _SYSTEMD_UNIT=plimsolld.service "$@"
}
# Fields of the unit for one scenario.
unit_setting() { # 'Restart=no' ...
  mkdir -p /run/systemd/system/plimsolld.service.d
  printf '[Service]\n' >/run/systemd/system/plimsolld.service.d/scenario.conf
  printf '%s\n' "$@" >>/run/systemd/system/plimsolld.service.d/scenario.conf
  systemctl daemon-reload
}
daemon_is_dead() { ! systemctl is-active --quiet plimsolld && [ "$(systemctl show -P ControlPID plimsolld)" = 0 ]; }
