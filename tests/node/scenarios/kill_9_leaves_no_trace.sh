#!/bin/bash
# lane: short
# cpus: 5
# timeout: 240
KILLS=4
. /root/node/lib/kill.sh
