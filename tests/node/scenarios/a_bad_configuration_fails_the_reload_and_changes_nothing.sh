#!/bin/bash
# lane: short
# cpus: 5
# timeout: 120
. /root/node/lib/scene.sh

pods_of_the_scene || exit 1
policy
check 'the configuration as installed is good' plimsolld --check-config
systemctl start plimsolld
pid=$(systemctl show -P MainPID plimsolld)
cp /etc/plimsoll/plimsolld.toml /root/good.toml
printf '[daemon]\nintervall = "2s"\n' >/etc/plimsoll/plimsolld.toml
reload_fails() { ! systemctl reload plimsolld; }
check 'a reload with an unknown key fails' reload_fails
check 'and names file, line and the key that was meant' shows 'plimsolld.toml:2.*interval' entries
check 'the daemon goes on' is "$(systemctl show -P MainPID plimsolld)" "$pid"
cp /root/good.toml /etc/plimsoll/plimsolld.toml
check 'a good one is taken' systemctl reload plimsolld

cat >$PODS_MANIFESTS/bad.yaml <<'YAML'
apiVersion: ensurance.crane.io/v1alpha1
kind: NodeQOS
metadata: {name: broken}
spec:
  rules:
    - name: cpu
      metricRule: {name: cpu_total_usage, value: -1}
      actionName: throttle
YAML
check 'a bad policy is refused with file, line and field' wait_until 10 \
  has_entry PLIMSOLL_EVENT=object-refused PLIMSOLL_OBJECT=NodeQOS/broken
check 'by --check-config too' shows 'bad.yaml:7.*value' plimsolld --check-config
surge
check 'while the good ones act' wait_until 30 some_pod_is_throttled
checks_end
