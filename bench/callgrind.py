"""Reads what valgrind's callgrind counts."""

import collections
import re

NAMED = re.compile(r"^(fl|fi|fe|fn|ob|cfn|cfi|cfl|cob)=\((\d+)\)(?: (.*))?$")
# By name: other people's sources have a `src`, too.
ROOMS = ("app", "balance", "base", "config", "document", "forward", "handshake", "names", "net", "ops",
         "pump", "resume", "transport", "wire")
ROOM = re.compile(rf"(?:src|include/relay)/({'|'.join(ROOMS)})/")
TABLES = {"fl": "file", "fi": "file", "fe": "file", "cfi": "file", "cfl": "file",
          "fn": "function", "cfn": "function", "ob": "object", "cob": "object"}


def room_of(file, binary):
    """Whose code it is: one of our rooms, or a library."""
    found = ROOM.search(file)
    if found:
        return found.group(1)
    if "/boost/" in file:
        return "boost"
    library = re.search(r"/(lib[\w+]+|ld-linux)[^/]*\.so", binary)
    return library.group(1) if library else "standard library"


def instructions(lines):
    """Instructions by room, of a callgrind.out file. A line that follows calls= is what the called
    function cost, which is counted where that stands."""
    names = collections.defaultdict(dict)
    file = binary = ""
    total = collections.Counter()
    called = False
    for line in lines:
        line = line.rstrip("\n")
        named = NAMED.match(line)
        if named:
            kind, number, name = named.groups()
            table = names[TABLES[kind]]
            if name is not None:
                table[number] = name
            if kind in ("fl", "fi", "fe"):
                file = table[number]
            elif kind == "ob":
                binary = table[number]
        elif line.startswith("calls="):
            called = True
        elif line[:1] in "+-*0123456789" and line:
            words = line.split()
            if not called and len(words) > 1:
                total[room_of(file, binary)] += int(words[1])
            called = False
    return total


def per_unit(few, many, units):
    """What `units` more units of work took, for each of them; starting and ending cancel out."""
    rooms = set(few) | set(many)
    return {room: (many[room] - few[room]) / units for room in rooms}
