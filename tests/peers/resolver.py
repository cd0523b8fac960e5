#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A resolver that fails as the second label of a name says: servfail, loop (a CNAME that leads back
to itself), garbage, silent. usage: resolver.py ADDRESS"""
import socket
import sys


def answer(query):
    name, at = [], 12
    while query[at]:
        name.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    question = query[12:at + 5]
    kind = name[1] if len(name) > 1 else ""
    if kind == "servfail":
        return query[:2] + b"\x81\x82" + query[4:6] + b"\0\0\0\0\0\0" + question
    if kind == "loop":
        record = b"\xc0\x0c\0\5\0\1\0\0\0\1\0\2\xc0\x0c"
        return query[:2] + b"\x81\x80" + query[4:6] + b"\0\1\0\0\0\0" + question + record
    if kind == "garbage":
        return query[:2] + b"\x81\x80\0\1\0\xff\0\0\0\0" + question + b"\xff" * 20
    return None


server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
while True:
    data, client = server.recvfrom(4096)
    reply = answer(data)
    if reply:
        server.sendto(reply, client)
