#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every kind of audit entry and every field is explained, in the catalog and in docs/journal.md, and
nothing else is."""
import pathlib
import re
import subprocess
import sys
import tempfile

root = pathlib.Path(sys.argv[1])
events = re.findall(r'EventInfo\{Event::\w+,\s*"([\w-]+)",\s*"([0-9a-f]{32})"',
                    (root / "daemon/audit/event.hpp").read_text())
catalog = re.findall(r"^-- ([0-9a-f]{32})$", (root / "units/plimsoll.catalog").read_text(), re.M)
declared = [ident for _, ident in events]
assert events, "no events found in daemon/audit/event.hpp"
assert len(set(declared)) == len(declared), "a MESSAGE_ID is used twice"
assert set(declared) == set(catalog), f"differ: {set(declared) ^ set(catalog)}"
sources = ["daemon/audit/entry.cpp", "daemon/audit/step_entry.cpp", "daemon/engine.cpp"]
fields = {f for source in sources
          for f in re.findall(r'[({]"([A-Z_]+)",', (root / source).read_text())}
used = set(re.findall(r"@PLIMSOLL_([A-Z_]+)@", (root / "units/plimsoll.catalog").read_text()))
assert used <= fields, f"the catalog uses fields that no entry has: {used - fields}"
manual = (root / "docs/journal.md").read_text()
documented = set(re.findall(r"`PLIMSOLL_([A-Z_]+)`", manual))
written = fields | {"EVENT"}
assert documented == written, f"docs/journal.md and the entries differ: {documented ^ written}"
kinds = {kind for row in manual.split("| event |")[1].splitlines()
         for kind in re.findall(r"`([a-z-]+)`", row.split(" | ")[0])}
names = {name for name, _ in events}
assert kinds == names, f"docs/journal.md and daemon/audit/event.hpp differ: {kinds ^ names}"
with tempfile.TemporaryDirectory() as node:
    place = pathlib.Path(node, "usr/lib/systemd/catalog")
    place.mkdir(parents=True)
    (place / "plimsoll.catalog").write_bytes((root / "units/plimsoll.catalog").read_bytes())
    pathlib.Path(node, "var/lib/systemd/catalog").mkdir(parents=True)
    subprocess.run(["journalctl", "--update-catalog", f"--root={node}"], check=True)
    listed = subprocess.run(["journalctl", "--list-catalog", f"--root={node}"], check=True,
                            capture_output=True, text=True).stdout
assert all(ident in listed for ident in declared), f"systemd does not read the catalog: {listed}"
print(f"{len(events)} kinds of entries explained")
