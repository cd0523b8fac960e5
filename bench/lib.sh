# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# lib.sh - what the benchmark scripts share. Sourced; $build is the build directory.

work=$(mktemp -d)
pids=()
cleanup() {
	local pid
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# The value of NAME=... in a line of such pairs, or of "NAME":... in a line of JSON.
field() { # NAME LINE
	sed -nE "s/.*\\b$1(=|\":)([^ ,}]*).*/\\2/p" <<<"$2"
}

# Keeps one sample of a series.
sample() { # SERIES VALUE
	echo "$2" >>"$work/series.$1"
}

# The median, and the spread as "(min..max)".
median() { # SERIES
	sort -g "$work/series.$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
spread() { # SERIES [FORMAT]
	sort -g "$work/series.$1" | awk -v f="${2:-%.0f}" '{ v[NR] = $1 }
		END { printf "(" f ".." f ")", v[1], v[NR] }'
}

machine() {
	echo "$(nproc) CPUs, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)," \
		"Linux $(uname -r), $(date +%F)"
}

# A program among the peers, or of this machine; empty when there is none.
peer() { # PATH-BELOW-PEERS
	if [ -x "$PEERS/$1" ]; then echo "$PEERS/$1"; else command -v "$(basename "$1")" ||
		{ [ -x "/$1" ] && echo "/$1"; } || true; fi
}

# Where the libraries of the peers are, for LD_LIBRARY_PATH.
# shellcheck disable=SC2034 # of the script that sources this
peer_libraries=${PEERS:-}/usr/lib/$(uname -m)-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
