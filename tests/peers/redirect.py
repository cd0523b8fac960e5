#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server that sends everybody to the URL behind the "?" of the path. usage: redirect.py ADDRESS"""
import http.server
import sys
import urllib.parse


class Redirect(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(302)
        self.send_header("Location", urllib.parse.unquote(self.path.partition("?")[2]))
        self.send_header("Content-Length", "0")
        self.end_headers()


http.server.HTTPServer((sys.argv[1], 8080), Redirect).serve_forever()
