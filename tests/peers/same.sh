# SPDX-License-Identifier: MIT
# The same 200 GETs by collect and by curl, against nginx and against build/upstream: the bodies are
# the same byte for byte, and so is the status.
# shellcheck shell=bash disable=SC2154

compare() { # NAME: the URLs are in $work/urls
	local i=0
	rm -rf "$work/curl" && mkdir "$work/curl"
	while read -r url; do
		i=$((i + 1))
		printf 'url="%s"\noutput="%s"\n' "$url" "$work/curl/$i.body"
	done <"$work/urls" >"$work/curl.conf"
	# curl makes no file for a body that is empty.
	for n in $(seq $i); do : >"$work/curl/$n.body"; done
	curl -s --compressed -g -K "$work/curl.conf" -w '%{http_code}\n' >"$work/statuses"
	i=0
	while read -r status; do
		i=$((i + 1))
		echo "$status" >"$work/curl/$i.status"
	done <"$work/statuses"
	is "$1: $i GETs" "$i the same" "$(get -i "$work/urls" --expect any --fail-on-status none --retry 0 |
		python3 "$here/compare.py" same "$work/curl")"
}

if listens nginx 8001; then
	for i in $(seq 200); do
		printf 'http://127.0.0.1:8001/%s?%d\n' "$(set -- hello.txt data.json empty.txt long.txt \
			big.bin dir/ nothing gone void moved; shift $((i % 10)); echo "$1")" "$i"
	done | grep -v moved | { cat; seq 20 | sed 's|^|http://127.0.0.1:8001/dir/index.html?|'; } >"$work/urls"
	compare nginx
fi
start upstream "$build/upstream" --apis 2
for _ in $(seq 100); do [ "$(wc -l <"$work/upstream.log")" -ge 2 ] && break; sleep 0.05; done
one=$(sed -n '1s|\(://[^/]*\).*|\1|p' "$work/upstream.log")
for i in $(seq 200); do
	echo "$one/$(set -- 'weather?id=' 'users?id=' 'text?x=' 'binary?x=' 'weather?status=404&x=' \
		'weather?status=500&x=' 'stocks?id=' 'nothing?x=' 'weather?size=5000&x=' 'news?id='
		shift $((i % 10)); echo "$1")$i"
done >"$work/urls"
compare upstream
