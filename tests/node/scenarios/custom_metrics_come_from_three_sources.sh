#!/bin/bash
# A textfile, an HTTP probe and D-Bus each deliver a metric that a rule throttles on.
# lane: short
# cpus: 3
# timeout: 240
. /root/node/lib/scene.sh

cat >$PODS_MANIFESTS/policy.yaml <<'YAML'
apiVersion: ensurance.crane.io/v1alpha1
kind: AvoidanceAction
metadata: {name: throttle}
spec:
  coolDownSeconds: 2
  throttle: {cpuThrottle: {minCPURatio: 10, stepCPURatio: 50}}
---
apiVersion: ensurance.crane.io/v1alpha1
kind: NodeQOS
metadata: {name: local}
spec:
  nodeQualityProbe: {nodeLocalGet: {localCacheTTLSeconds: 15}}
  rules:
    - {name: textfile, metricRule: {name: queue_length, value: 10, selector: {matchLabels: {queue: mail}}}, actionName: throttle}
    - {name: dbus, metricRule: {name: latency_seconds, value: "0.25"}, actionName: throttle}
---
apiVersion: ensurance.crane.io/v1alpha1
kind: NodeQOS
metadata: {name: probed}
spec:
  nodeQualityProbe:
    timeoutSeconds: 2
    httpGet: {host: 127.0.0.1, port: 9177, path: /probe.prom}
  rules:
    - {name: http, metricRule: {name: backlog, value: 100}, actionName: throttle}
---
apiVersion: ensurance.crane.io/v1alpha1
kind: PodQOS
metadata: {name: best-effort}
spec:
  allowedActions: [throttle]
  scopeSelector: {matchExpressions: [{scopeName: QOSClass, operator: In, values: [BestEffort]}]}
YAML
cat >/etc/plimsoll/plimsolld.toml <<'TOML'
[probe]
interval = "2s"
[metric."queue_length"]
unit = "messages"
order = ["Priority", "CpuUsage"]
TOML

TEXTFILES=/run/plimsoll/metrics.d
textfile() { # VALUE
  printf 'queue_length{queue="mail"} %s\nqueue_length{queue="other"} 999\n' "$1" >$TEXTFILES/.queue.prom.new
  mv $TEXTFILES/.queue.prom.new $TEXTFILES/queue.prom
}
record() { # VALUE [SECONDS]
  busctl call "${MANAGER[@]}" org.plimsoll.Node1.Manager RecordMetric 'sda{ss}a{sv}' \
    latency_seconds "$1" 1 service checkout 1 ValidFor t $((${2:-60} * 1000000))
}
answer() { printf '# TYPE backlog gauge\nbacklog{shard="a"} 3\nbacklog{shard="b"} %s\n' "$1" >/root/www/probe.prom; }
rule_is() { shows "$2" property /org/plimsoll/Node1/rule/"$1" Rule Verdict; }
none_is_throttled() { ! throttled batch1; }

check 'a batch pod starts' eval "pod_start --namespace jobs batch1 besteffort $BATCH1 '/bin/load 1' && node_manifest"
mkdir -p /root/www && answer 5
busybox httpd -p 127.0.0.1:9177 -h /root/www
files_snapshot /root/before
check 'the daemon starts' systemctl start plimsolld

check 'what nobody has delivered is unknown' wait_until 10 rule_is local/textfile unknown
check 'and the rule says who would' shows 'nothing has delivered queue_length' property /org/plimsoll/Node1/rule/local/textfile Rule Trouble
check 'the probe is answered' wait_until 20 rule_is probed/http idle

textfile 50
check 'a textfile above the watermark throttles' wait_until 20 throttled batch1
check 'for its rule' has_entry PLIMSOLL_EVENT=rule-triggered PLIMSOLL_RULE=local/textfile
check 'the selected series counts' shows 'queue=mail' property /org/plimsoll/Node1/rule/local/textfile Rule Series
textfile 1
check 'below it everything is restored' wait_until 60 none_is_throttled
check 'to the byte' wait_until 10 files_same /root/before

answer 500
check 'a probe above the watermark throttles' wait_until 20 throttled batch1
check 'for its rule' has_entry PLIMSOLL_EVENT=rule-triggered PLIMSOLL_RULE=probed/http
answer 5
check 'below it everything is restored' wait_until 60 none_is_throttled

check 'a value is recorded over D-Bus' record 0.75
check 'above the watermark it throttles' wait_until 20 throttled batch1
check 'for its rule' has_entry PLIMSOLL_EVENT=rule-triggered PLIMSOLL_RULE=local/dbus
check 'below it everything is restored' eval 'record 0.05; wait_until 60 none_is_throttled'
check 'nobody else may record' shows 'denied|rejected|not allowed|AccessDenied' setpriv --reuid=65534 --clear-groups busctl call "${MANAGER[@]}" org.plimsoll.Node1.Manager RecordMetric 'sda{ss}a{sv}' latency_seconds 9 0 0

check 'a recorded value that is above' eval 'record 0.75 5; wait_until 10 throttled batch1'
check 'is unknown once it has expired' wait_until 20 rule_is local/dbus unknown
check 'and unknown neither throttles nor restores' eval 'sleep 5; throttled batch1'
check 'a probe that does not answer any more is said' eval 'pkill -x busybox; pkill -f "httpd -p 127.0.0.1:9177"; wait_until 30 has_entry PLIMSOLL_EVENT=source-failed'
check 'a malformed textfile is said with its line' eval 'echo "queue_length{ 1" >$TEXTFILES/queue.prom; wait_until 30 shows "queue.prom does not deliver: line 1 has a label without a name" entries PLIMSOLL_EVENT=source-failed'
check 'the daemon stops' systemctl stop plimsolld
check 'every byte is back after it' files_same /root/before
checks_end
