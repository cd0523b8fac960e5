#!/bin/bash
# SPDX-License-Identifier: MIT
# loophound-decode: names in a report that was written without debug information.
#
# Reads a report and writes it with each "module+0xOFFSET (BuildId ...)" replaced by function, file
# and line, from the unstripped files that are named, or that lie in the directories named, or in
# /usr/lib/debug by build id. A file with another build id is never asked: it would name wrong lines.
# usage: loophound-decode [FILE|DIRECTORY]... <report
set -u
case ${1:-} in
-h | --help)
	sed -n '3,/^set/s/^# \{0,1\}//p' "$0"
	exit 0
	;;
esac
command -v addr2line >/dev/null || { echo 'loophound-decode: addr2line is missing (binutils)' >&2; exit 2; }

places=("$@" .)
declare -A found=()

build_id() { readelf -n "$1" 2>/dev/null | sed -n 's/.*Build ID: //p' | head -1; }

# By the build id, where the report has it; else the name has to do.
is_it() { # FILE MODULE ID
	[ -f "$1" ] || return 1
	if [ -n "$3" ]; then [ "$(build_id "$1")" = "$3" ]; else [[ ${1##*/} == "$2" || ${1##*/} == "$2.debug" ]]; fi
}

# The file with the debug information of a module, into the variable file; empty: there is none.
locate() { # MODULE ID
	local place candidate
	file=${found[$1 $2]-unknown}
	[ "$file" = unknown ] || return
	file=
	for place in "${places[@]}" /usr/lib/debug; do
		for candidate in "$place" "$place/$1" "$place/$1.debug" "$place/.build-id/${2:0:2}/${2:2}.debug"; do
			is_it "$candidate" "$1" "$2" && file=$candidate && break 2
		done
	done
	found[$1 $2]=$file
	[ -n "$file" ] || echo "loophound-decode: no file for $1${2:+ with build id $2}" >&2
}

# "function file:line", and for each that it is inlined into, innermost first, the same.
name() { # FILE OFFSET
	addr2line -f -i -C -e "$1" "$2" | awk '
		NR % 2 { function_name = $0; next }
		{ text = text (NR > 2 ? ", inlined into " : "") function_name " " $1 }
		END { if (text !~ /\?\?:/) print text }'
}

pattern='([^ ]+)\+(0x[0-9a-f]+)( \(BuildId ([0-9a-f]+)\))?'
while IFS= read -r line; do
	if [[ $line =~ $pattern ]]; then
		whole=${BASH_REMATCH[0]} module=${BASH_REMATCH[1]} offset=${BASH_REMATCH[2]} id=${BASH_REMATCH[4]-}
		locate "$module" "$id"
		named=
		[ -z "$file" ] || named=$(name "$file" "$offset")
		[ -z "$named" ] || line=${line/"$whole"/"$named"}
	fi
	printf '%s\n' "$line"
done
