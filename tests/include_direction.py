#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Dependencies point one way; this reads the includes and says where they do not.

model <- {analyzer} <- daemon -> {cgroup, kube, dbus}. The pure rooms include nothing of third parties.
"""
import pathlib
import re
import sys

# room: rooms of ours that it may include besides itself
ALLOWED = {
    "daemon/model": [],
    "daemon/analyzer": ["daemon/model"],
    "cgroup": ["daemon/model"],
    "kube": ["daemon/model"],
    "dbus": ["daemon/model"],
    "daemon/collector/custom": ["daemon/collector", "daemon/model", "daemon/analyzer", "cgroup", "kube"],
    "daemon/collector": ["daemon/model", "cgroup"],
    "daemon/executor": ["daemon/model", "cgroup"],
    "daemon/audit": ["daemon/model"],
    "daemon/config": ["daemon/model", "daemon/analyzer", "kube"],
    "daemon/cluster": ["daemon/", "kube"],
    "daemon": ["daemon/", "cgroup", "kube", "dbus"],
}
PURE = {"daemon/model", "daemon/analyzer"}
# What the pure rooms may take from the standard library: no files, clocks, threads or printing.
IMPURE_STANDARD = {"fstream", "iostream", "filesystem", "thread", "mutex", "cstdio", "ctime", "random"}
THIRD_PARTY = re.compile(r"^(sys/|systemd/|unistd|fcntl|spdlog|fmt|yaml|toml|sdbus|libcgroup|curl|CLI|nlohmann)")


def room_of(path):
    for room in sorted(ALLOWED, key=len, reverse=True):
        if path.startswith(room + "/"):
            return room
    return None


def faults(root):
    for file in sorted(root.rglob("*.[ch]pp")):
        path = file.relative_to(root).as_posix()
        room = room_of(path)
        if room is None or path.startswith(("build", "tests/")):
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if own := re.match(r'#include "([^"]+)"', line):
                target = room_of(own[1])
                generated = target is None and "/" not in own[1]
                if generated or target == room:
                    continue
                if target is None or not any(target.startswith(a.rstrip("/")) for a in ALLOWED[room]):
                    yield f"{path}:{number}: {room} must not include {own[1]}"
            elif room in PURE and (other := re.match(r"#include <([^>]+)>", line)):
                if other[1] in IMPURE_STANDARD or THIRD_PARTY.match(other[1]):
                    yield f"{path}:{number}: {room} is pure and must not include <{other[1]}>"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    found = list(faults(root))
    print("\n".join(found) or "includes point one way")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
