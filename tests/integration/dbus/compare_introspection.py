#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares one interface of a running object with its XML file.

usage: compare_introspection.py SOURCE.xml RUNNING.xml INTERFACE

Comments, white space and the order of members do not count; everything else does, argument names and
annotations included. Prints the differences; exit 1 if there are any.
"""
import difflib
import sys
import xml.etree.ElementTree as ElementTree


def interface(path, name):
    for node in ElementTree.parse(path).getroot().iter("interface"):
        if node.get("name") == name:
            return node
    sys.exit(f"{path} has no interface {name}")


def lines(member):
    # A signal's arguments have no other direction than out, and it is usually left unsaid.
    signal = member.tag == "signal"
    yield f"{member.tag} {sorted(member.attrib.items())}"
    for child in member:
        attributes = {k: v for k, v in child.attrib.items() if not (signal and k == "direction")}
        yield f"    {child.tag} {sorted(attributes.items())}"


def flat(node):
    members = sorted((list(lines(member)) for member in node), key=lambda member: member[0])
    return [line for member in members for line in member]


source, running, name = sys.argv[1:]
difference = list(difflib.unified_diff(flat(interface(source, name)), flat(interface(running, name)),
                                       source, "running", lineterm=""))
print("\n".join(difference))
sys.exit(1 if difference else 0)
