# shellcheck shell=bash
# A node that belongs to a cluster: the test API server in the guest, and a kubeconfig as kubeadm
# writes it. After scene.sh.

NODE=node
API_DIR=/var/lib/apiserver # the daemon does not see /root

api() { plimsoll-test-apiserver ctl --control 6444 "$@"; }

# The server, this Node, and the definitions and roles that an administrator applies.
cluster_start() {
  mkdir -p $API_DIR /etc/kubernetes
  systemd-run -q --unit=apiserver -p CPUAffinity=0 plimsoll-test-apiserver \
    --dir $API_DIR --node $NODE --node other --port 6443 --control-port 6444 || return 1
  wait_until 60 test -e $API_DIR/ready || return 1
  ln -s $API_DIR/$NODE/kubelet.conf /etc/kubernetes/kubelet.conf || return 1
  api apply /root/manifests/crds.yaml && api apply /root/manifests/rbac.yaml
}

# A pod that runs here is one of the cluster, too.
pod_in_cluster() { # NAMESPACE NAME UID QOS [LABEL]
  api apply - <<-YAML
	apiVersion: v1
	kind: Pod
	metadata: {name: $2, namespace: $1, uid: $3, labels: {app: ${5:-$2}}}
	spec:
	  nodeName: $NODE
	  terminationGracePeriodSeconds: 5
	  containers: [{name: main, image: x}]
	status: {phase: Running, qosClass: $4, startTime: "2026-01-01T00:00:00Z"}
	YAML
}

node_has() { # JSON-POINTER VALUE (null: not there)
  local got
  got=$(api get /api/v1/nodes/$NODE "$1")
  is "$got" "$2"
}
pod_is_there() { api get "/api/v1/namespaces/$1/pods/$2" /metadata/name; }
pod_is_gone() { ! pod_is_there "$@"; }
pod_goes() { ! is "$(api get "/api/v1/namespaces/$1/pods/$2" /metadata/deletionTimestamp)" null; }
event_with() { # REASON [NAMESPACE]
  api get "/api/v1/namespaces/${2:-default}/events" | grep -q "\"reason\": *\"$1\""
}
cluster_is() { shows "\"$1\"" property "${MANAGER[1]}" Manager Cluster; }
scheduling_is() { shows "\"$1\"" property "${MANAGER[1]}" Manager Scheduling; }
