#!/bin/bash
# SPDX-License-Identifier: MIT
# Who judges the detectors of a stall is judged: on what loophound, asyncio and gevent once said, as
# bench-stamp wrote it down. detectors.txt has sections "## SCENARIO NAME=VALUE..." with what the
# judge is to find, then a line of why, then the recording.
# usage: tests/program_detectors.sh BUILD
set -u
here=$(cd "$(dirname "$0")" && pwd)
judge=$here/../bench/detectors-judge
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
status=0 sections=0

# Each section into a file of its own, its first line included.
awk -v to="$scratch" '/^## / { n++ } { print >(to "/" n) }' "$here/detectors.txt"
for section in $(ls "$scratch" | sort -n); do
	read -r _ scenario expected <"$scratch/$section"
	said=$(grep -v '^#' "$scratch/$section" | "$judge" -v scenario="$scenario") || status=1
	sections=$((sections + 1))
	for pair in $expected; do
		[[ " $said " == *" $pair "* ]] && continue
		echo "$scenario: $(sed -n 2p "$scratch/$section")"
		echo "  expected $pair, judged $said"
		status=1
	done
done
[ "$sections" -ge 10 ] || { echo "only $sections recordings"; status=1; }

# What is no recording of a stall is not judged.
if echo '1.0 [stall #1] task 1 has held the loop and still does' | "$judge" -v scenario=sleep 2>/dev/null; then
	echo 'a stall without its marks was judged'
	status=1
fi
if echo '1.0 @begin 1.0 a.c 1 1' | "$judge" -v scenario=nonsense 2>/dev/null; then
	echo 'an unknown scenario was judged'
	status=1
fi
exit $status
