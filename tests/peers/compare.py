#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What collect's records say a body was, byte for byte.

body               of the one record on stdin, to stdout
same DIR           records on stdin; DIR/N.body and DIR/N.status are what curl got for line N.
                   Prints each difference, then how many are the same.

A JSON body is passed through as it came, but for line ends between tokens: those are taken from
what curl got as well.
"""
import base64
import json
import re
import sys

BODY = re.compile(rb'"bytes":\{"wire":\d+,"body":\d+\},"(body|body_text|body_b64)":')


def body_of(line):
    found = BODY.search(line)
    if not found:
        return b"", False
    raw = line[found.end():].rstrip(b"\n")[:-1]
    kind = found.group(1)
    if kind == b"body":
        return raw, True
    value = json.loads(raw)
    return (value.encode() if kind == b"body_text" else base64.b64decode(value)), False


def without_line_ends(text):
    return re.sub(rb"[\r\n]", b"", text)


def print_body():
    line = sys.stdin.buffer.readline()
    body, is_json = body_of(line)
    # The files served end with one line end, which is none of JSON's.
    sys.stdout.buffer.write(body + b"\n" if is_json else body)


def same(folder):
    count = 0
    for line in sys.stdin.buffer:
        record = json.loads(line)
        name = f"{folder}/{record['seq']}"
        want = open(name + ".body", "rb").read()
        status = int(open(name + ".status").read())
        got, is_json = body_of(line)
        if is_json:
            want = without_line_ends(want)
        if record.get("status") == status and got == want:
            count += 1
        else:
            print(record["url"], record.get("status"), status, len(got), len(want))
    print(f"{count} the same")


if sys.argv[1] == "body":
    print_body()
else:
    same(sys.argv[2])
