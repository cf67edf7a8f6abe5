#!/bin/bash
# lane: long
# cpus: 5
# timeout: 900
KILLS=${KILLS:-24}
. /root/node/lib/kill.sh
