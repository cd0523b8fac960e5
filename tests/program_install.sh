#!/bin/bash
# SPDX-License-Identifier: MIT
# An installed library serves a program as README.md shows it: the README's own commands are run,
# word for word, in a scratch tree, against build/upstream. Then a staged install and the archive.
# usage: tests/program_install.sh BUILD
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=$(realpath "$1")
if grep -q -e -fsanitize -e KQUEUE -e tests/kqueue "$build/flags"; then
	echo 'not for this build: its library needs more than the pkg-config file says'
	exit 0
fi

scratch=$(mktemp -d "$build/tests/install.XXXXXX")
upstream=
finish() {
	[ -z "$upstream" ] || kill "$upstream" 2>/dev/null || true
	rm -rf "$scratch"
}
trap finish EXIT
cd "$scratch"
ln -s "$root"/{Makefile,README.md,runtime,net,http,app,tests,bench,.ci} .
mkdir build
ln -s "$build/upstream" build/upstream

# The make inside takes the configuration of the one outside, and finds everything made.
choices=$(printf '%s\n' "${MAKEFLAGS:-}" | tr ' ' '\n' | grep -E '^(CC|CONTEXT|FORTIFY|OPT|SYMBOLS)=' | tr '\n' ' ' || true)
export MAKEFLAGS=" -- $choices BUILD=$build"

build/upstream >urls.txt &
upstream=$!
for _ in $(seq 200); do
	[ "$(wc -l <urls.txt)" -ge 12 ] && break
	sleep 0.05
done

# The block of commands that installs, without the line that ends the upstream of the block before.
awk '/^```sh$/ { inside = 1; block = ""; next }
	/^```$/ { if (inside && block ~ /make install/) printf "%s", block; inside = 0 }
	inside { block = block $0 "\n" }' README.md | grep -v '^kill %1$' >commands
grep -q pkg-config commands
# It is run here, not in a child: it exports what the program needs to find its library.
set -x
. ./commands >out.txt 2>err.txt || { cat out.txt err.txt; exit 1; }
set +x
cat out.txt
[ "$(grep -c '^start http' out.txt)" -eq 10 ]
[ "$(grep -c '^done http.*, status 200, id ' out.txt)" -eq 9 ]
grep -q '^request http://127.0.0.1:1/nobody-listens failed: ' out.txt
ldd build/fetch | grep -q "$scratch/build/prefix/lib/libloophound.so.0"
build/prefix/bin/collect --help >/dev/null
grep -q '^.TH COLLECT 1' build/prefix/share/man/man1/collect.1
[ "$(build/prefix/bin/collect "$(head -1 urls.txt)" 2>/dev/null | grep -c '"type":"item"\|"status":200')" -ge 1 ]

make install DESTDIR="$scratch/stage" PREFIX=/usr >/dev/null
grep -q '^prefix=/usr$' stage/usr/lib/pkgconfig/loophound.pc
[ -x stage/usr/bin/collect ] && [ -x stage/usr/bin/loophound-decode ] && [ -f stage/usr/include/loophound/net/net.h ]
cmp stage/usr/share/man/man1/collect.1 build/prefix/share/man/man1/collect.1

# What gdb loads by itself: from its own directory, for /usr; of another prefix when it is told to.
autoload=usr/share/gdb/auto-load/usr/lib/libloophound.so.0.1.0-gdb.py
[ "$(readlink stage/$autoload)" = /usr/share/loophound/gdb/loophound-gdb.py ]
[ -f stage/usr/share/loophound/gdb/loophound_gdb/commands.py ]
if command -v gdb >/dev/null; then
	gdb -batch -nx -iex 'set debuginfod enabled off' -iex "add-auto-load-safe-path $scratch" \
		-iex "set auto-load scripts-directory $scratch/build/prefix/share/gdb/auto-load" \
		-ex 'help async bt' build/prefix/lib/libloophound.so | grep -q 'Print the stack of a task'
fi

# shellcheck disable=SC2046
cc -o build/static build/fetch.c $(pkg-config --cflags loophound) build/prefix/lib/libloophound.a \
	$(sed -n 's/^Libs.private: //p' build/prefix/lib/pkgconfig/loophound.pc)
build/static "$(head -1 urls.txt)" | grep -q '^done http'
echo 'all as the README says'
