#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How much the unit could do to the machine, as systemd-analyze sees it: 0 is nothing, 10 all of it.
# Usage: unit_exposure.sh UNIT
set -eu
most=25 # tenths

if ! systemd-analyze security --help 2>/dev/null | grep -q -e --offline; then
  echo "systemd-analyze cannot judge a unit offline (systemd 250 can)"
  exit 77
fi
systemd-analyze security --no-pager --offline=true --threshold=$most "$1"
