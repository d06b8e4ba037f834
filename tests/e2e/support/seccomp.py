"""Filters of system calls. systemd's SystemCallFilter= without systemd: one that kills at the first
call that is not allowed; one that plays a kernel with little or no Multipath TCP; and one that
refuses a call. Run as a program it installs one and becomes another program."""

import ctypes
import errno
import os
import pathlib
import re
import struct
import subprocess
import sys

HEADER = pathlib.Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
AUDIT_ARCH_X86_64 = 0xC000003E
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000
SOCKET, SETSOCKOPT = 41, 54  # numbers of x86-64
IPPROTO_MPTCP, SO_REUSEPORT = 262, 15
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2


def members(analyze, name):
    """The names of a set such as @system-service, and of the sets in it."""
    told = subprocess.run([analyze, "syscall-filter", "--no-pager", name], check=True, timeout=30,
                          stdout=subprocess.PIPE, text=True).stdout
    found = set()
    for word in (line.strip() for line in told.splitlines()[1:]):
        if word.startswith("@"):
            found |= members(analyze, word)
        elif re.fullmatch(r"\w+", word):
            found.add(word)
    return found


def allowed(analyze, values):
    """The calls that these values of SystemCallFilter=, the first of them a list of what is
    allowed, leave over."""
    calls = members(analyze, "@default")
    for text in values:
        given = set()
        for word in text.lstrip("~").split():
            given |= members(analyze, word) if word.startswith("@") else {word}
        calls = calls - given if text.startswith("~") else calls | given
    return calls


def program(names):
    numbers = dict(re.findall(r"#define __NR_(\w+) (\d+)", HEADER.read_text(encoding="ascii")))
    steps = [(LOAD, 0, 0, 4), (JUMP_EQUAL, 1, 0, AUDIT_ARCH_X86_64), (RETURN, 0, 0, KILL),
             (LOAD, 0, 0, 0)]
    for number in sorted(int(numbers[name]) for name in names if name in numbers):
        steps += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    steps.append((RETURN, 0, 0, KILL))
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def answer_with_error(call, argument, value, error):
    """A filter that fails one call, when one of its arguments has this value."""
    steps = [(LOAD, 0, 0, 4), (JUMP_EQUAL, 0, 5, AUDIT_ARCH_X86_64),
             (LOAD, 0, 0, 0), (JUMP_EQUAL, 0, 3, call),
             (LOAD, 0, 0, 16 + 8 * argument), (JUMP_EQUAL, 0, 1, value),
             (RETURN, 0, 0, ERROR | error), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def refuse(name, error):
    """A filter that fails one call, whatever its arguments: as a sandbox does that does not know
    it, or does not want it."""
    number = int(dict(re.findall(r"#define __NR_(\w+) (\d+)", HEADER.read_text(encoding="ascii")))[name])
    steps = [(LOAD, 0, 0, 4), (JUMP_EQUAL, 0, 3, AUDIT_ARCH_X86_64),
             (LOAD, 0, 0, 0), (JUMP_EQUAL, 0, 1, number),
             (RETURN, 0, 0, ERROR | error), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


LESS_MPTCP = {"socket": (SOCKET, 2, IPPROTO_MPTCP, errno.EPROTONOSUPPORT),
              "reuseport": (SETSOCKOPT, 2, SO_REUSEPORT, errno.EOPNOTSUPP)}


def install(filter_program):
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(filter_program, len(filter_program))
    wanted = struct.pack("HxxxxxxP", len(filter_program) // 8, ctypes.addressof(code))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or \
            libc.prctl(PR_SET_SECCOMP, MODE_FILTER, wanted, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[0] == "--refuse-mptcp":
        install(answer_with_error(*LESS_MPTCP[words[1]]))
        words = words[1:]
    elif words[0] == "--refuse":
        # CALL=ERROR, or CALL:ARGUMENT:VALUE=ERROR for calls of which only some are refused.
        what, error = words[1].split("=")
        call, *which = what.split(":")
        number = getattr(errno, error)
        install(answer_with_error({"socket": SOCKET, "setsockopt": SETSOCKOPT,
                                   "getsockopt": 55, "fcntl": 72}[call], *map(int, which),
                                  number) if which else refuse(call, number))
        words = words[1:]
    else:
        install(program(words[0].split(",")))
    os.execv(words[1], words[1:])
