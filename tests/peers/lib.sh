# SPDX-License-Identifier: MIT
# What the chapters of tests/peers share: counting, peers that are started and waited for, and what
# a record says. The chapters run in one shell, inside a network namespace of their own, where all
# ports are free: see run.
# shellcheck shell=bash disable=SC2154 # build, work and PEERS are the runner's

libraries=$PEERS/usr/lib/$(uname -m)-linux-gnu
collect=$build/collect

pass() { passed=$((passed + 1)) && echo "ok   $1"; }
fail() { # NAME WHY
	failed=$((failed + 1))
	echo "FAIL $1"
	printf '%s\n' "${@:2}" | head -c 3000
}
skip() { skipped=$((skipped + 1)) && echo "skip $1"; }
is() { # NAME WANTED GOT
	if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "wanted: $2" "got:    $3"; fi
}

have_peer() { [ -x "$PEERS/$1" ] || { skip "no ${1##*/}: .ci/peers fetches it"; return 1; }; }

# Both go on until the namespace ends, and leave the process in $!.
start() { # NAME COMMAND...
	"${@:2}" >"$work/$1.log" 2>&1 </dev/null &
}
start_peer() { # NAME PATH...: of Debian's, unpacked, with the libraries that came with it
	local name=$1 path=$2
	shift 2
	start "$name" env LD_LIBRARY_PATH="$libraries" "$PEERS/$path" "$@"
}
listens() { # NAME PORT [HOST]: waits for it
	for _ in $(seq 100); do
		(exec 3<>"/dev/tcp/${3:-127.0.0.1}/$2") 2>/dev/null && return 0
		sleep 0.05
	done
	fail "$1 does not listen on $2" "$(cat "$work/$1.log")"
	return 1
}
# The records of a run; its own words go to $work/said.
get() { "$collect" --summary none --retry-base 1ms "$@" 2>"$work/said"; }
# Of one record: FILTER, as jq has it.
field() { jq -rc "$1"; }
