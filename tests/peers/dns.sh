# SPDX-License-Identifier: MIT
# A real resolver, dnsmasq, and behind it one that fails as told; addresses that are dead (a veth
# whose other end drops what comes for them), refused or out of reach. The server is on the other
# side of the veth, at 10.9.0.24, so that addresses nearer to ours are tried before it.
# shellcheck shell=bash disable=SC2154

other_side() { nsenter -t "$neighbour" -n "$@"; }
dead=02:00:00:00:00:99 # nobody's

make_network() {
	start neighbour unshare -n sleep 1000
	neighbour=$!
	# The child of unshare is there when its namespace is another one than ours.
	for _ in $(seq 100); do
		[ "$(readlink "/proc/$neighbour/ns/net")" != "$(readlink /proc/self/ns/net)" ] && break
		sleep 0.02
	done
	ip link add veth0 type veth peer name veth1 netns "$neighbour" || return
	ip addr add 10.9.0.16/16 dev veth0
	ip -6 addr add fd09::10/64 dev veth0 nodad
	ip link set veth0 up
	other_side ip link set lo up
	other_side ip addr add 10.9.0.24/16 dev veth1
	other_side ip addr add 10.9.0.22/16 dev veth1 # hears nothing before wake_the_slow_one
	other_side ip link set veth1 up
	# A public address, as far as anybody can see from here.
	other_side ip addr add 9.9.9.9/32 dev veth1
	ip route add 9.9.9.9 via 10.9.0.24
	for last in 17 18 19 20 21 22 23; do
		ip neigh add "10.9.0.$last" lladdr $dead dev veth0 nud permanent
	done
	ip -6 neigh add fd09::11 lladdr $dead dev veth0 nud permanent
	ip neigh add 10.9.1.1 lladdr $dead dev veth0 nud permanent
	ip route add unreachable 10.10.0.0/24
	ip route add prohibit 10.11.0.0/24
	start web nsenter -t "$neighbour" -n python3 -m http.server -d "$root" 80
	listens web 80 10.9.0.24
	start public nsenter -t "$neighbour" -n python3 "$here/redirect.py" 9.9.9.9
	listens public 8080 9.9.9.9
}

make_resolver() {
	# All of them are different, and none of them answers.
	for i in $(seq 0 999); do echo "10.9.$((2 + i / 250)).$((1 + i % 250)) big.test"; done >"$work/hosts"
	for i in $(seq 17 20); do echo "10.9.0.$i many.test dead.test"; done >>"$work/hosts"
	cat >>"$work/hosts" <<END
10.9.0.24 many.test good.test six.test
10.9.0.22 slow.test either.test
10.9.0.24 either.test
10.9.1.1 one.test
fd09::11 six.test
10.10.0.1 unreachable.test
10.11.0.1 prohibited.test
169.254.169.254 metadata.test
9.9.9.9 public.test
127.0.0.1 rebound.test
END
	echo 'nameserver 127.0.0.1
options timeout:2 attempts:1' >"$work/resolv.conf"
	mount --bind "$work/resolv.conf" /etc/resolv.conf || return
	start wrong python3 "$here/resolver.py" 127.0.0.9
	start_peer dnsmasq usr/sbin/dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --no-resolv \
		--no-hosts --addn-hosts="$work/hosts" --pid-file="$work/dnsmasq.pid" --local=/test/ \
		--listen-address=127.0.0.1 --bind-interfaces --log-facility=- \
		--server=/servfail.example/127.0.0.9 --server=/loop.example/127.0.0.9 \
		--server=/silent.example/127.0.0.9 --server=/garbage.example/127.0.0.9
	listens dnsmasq 53
}

get_record() { get "$@" >"$work/record"; }
code() { field .error.code <"$work/record"; }

check_dns() {
	get_record http://good.test/hello.txt
	is 'DNS: a name' '200 10.9.0.24:80' "$(field '"\(.status) \(.conn.peer)"' <"$work/record")"
	get_record http://nothing.test/
	is 'DNS: 64 NXDOMAIN' 'dns_nxdomain dns config 1' \
		"$(field '"\(.error.code) \(.error.phase) \(.error.class) \(.attempts)"' <"$work/record")"
	get_record --retry 1 http://a.servfail.example/
	is 'DNS: 64 SERVFAIL' 'dns_temporary dns transient 2' \
		"$(field '"\(.error.code) \(.error.phase) \(.error.class) \(.attempts)"' <"$work/record")"
	get_record --retry 1 --dns-timeout 500ms http://a.silent.example/
	is 'DNS: 64 silence' 'dns_timeout dns transient 2' \
		"$(field '"\(.error.code) \(.error.phase) \(.error.class) \(.attempts)"' <"$work/record")"
	get_record --retry 0 --dns-timeout 5s http://a.garbage.example/
	is 'DNS: an answer that is none' dns_ "$(code | cut -c 1-4)"
	get_record --retry 0 http://a.loop.example/
	is 'DNS: 66 a circle of CNAMEs' dns_ "$(code | cut -c 1-4)"
	{ seq 40 | sed 's|.*|http://&.silent.example/|'; echo http://good.test/hello.txt; } >"$work/urls"
	is 'DNS: 64 a name among 40 that are silent' '200 true' "$(get --retry 0 --dns-timeout 3s -i "$work/urls" |
		field 'select(.type == "response") | "\(.status) \(.elapsed_ms < 2000)"')"
}

# Not every kernel has tc's netem: here the first SYN gets lost, and the one a second later does not.
wake_the_slow_one() {
	sleep 0.3
	ip neigh replace 10.9.0.22 dev veth0 nud permanent lladdr \
		"$(other_side ip link show veth1 | sed -n 's|.*link/ether \([^ ]*\).*|\1|p')"
}

check_slow_addresses() {
	get_record --retry 0 http://either.test/hello.txt
	is 'connect: 65 a slow one does not hold up the next' '200 10.9.0.24:80 true' \
		"$(field '"\(.status) \(.conn.peer) \(.elapsed_ms < 900)"' <"$work/record")"
	wake_the_slow_one &
	get_record --retry 0 http://slow.test/hello.txt
	wait $!
	is 'connect: 65 a slow one, alone' '200 10.9.0.22:80 true' \
		"$(field '"\(.status) \(.conn.peer) \(.elapsed_ms > 800)"' <"$work/record")"
}

check_addresses() {
	get_record --retry 0 http://many.test/hello.txt
	is 'connect: 65 four dead ones and one that lives' '200 10.9.0.24:80 true' \
		"$(field '"\(.status) \(.conn.peer) \(.elapsed_ms < 3000)"' <"$work/record")"
	get_record --retry 0 --connect-timeout 2s http://dead.test/
	is 'connect: 65 all are dead' connect_timeout "$(code)"
	is 'connect: 65 and each is named' 4 "$(field .error.message <"$work/record" | grep -o '10\.9\.0\.[0-9]*' | sort -u | wc -l)"
	get_record --retry 0 http://six.test/hello.txt
	is 'connect: 65 a black hole in IPv6' '200 10.9.0.24:80 true' \
		"$(field '"\(.status) \(.conn.peer) \(.elapsed_ms < 2000)"' <"$work/record")"
	get_record --retry 0 --connect-timeout 3s http://big.test/
	is 'connect: 66 a thousand addresses' connect_timeout "$(code | sed s/connect_unreachable/connect_timeout/)"
	is 'connect: 66 of which six are tried' 6 "$(field .error.message <"$work/record" | grep -o '10\.9\.[0-9.]*' | sort -u | wc -l)"
	get_record --retry 1 http://unreachable.test/
	is 'connect: 67 out of reach' 'connect_unreachable transient 2' \
		"$(field '"\(.error.code) \(.error.class) \(.attempts)"' <"$work/record")"
	get_record --retry 1 http://prohibited.test/
	is 'connect: 67 not allowed' 'connect_denied config 1' \
		"$(field '"\(.error.code) \(.error.class) \(.attempts)"' <"$work/record")"
	get_record --retry 1 http://10.9.0.24:81/
	is 'connect: 67 refused' 'connect_refused transient 2' \
		"$(field '"\(.error.code) \(.error.class) \(.attempts)"' <"$work/record")"
	get_record --retry 1 http://metadata.test/
	is 'connect: 53 a name that leads to a denied address' 'addr_blocked config 1' \
		"$(field '"\(.error.code) \(.error.class) \(.attempts)"' <"$work/record")"
	for place in http://127.0.0.1/ 'http://[::1]/' 'http://[::ffff:127.0.0.1]/' http://0.0.0.0/ \
		http://10.9.0.24/ 'http://[fd09::11]/' http://169.254.169.254/ http://rebound.test/; do
		get_record --retry 1 "http://public.test:8080/?$place"
		is "connect: 53 a public origin leads to $place" 'addr_blocked config 1' \
			"$(field '"\(.error.code) \(.error.class) \(.attempts)"' <"$work/record")"
	done
	get_record --retry 1 http://rebound.test:81/
	is 'connect: 53 which may be asked for directly' connect_refused "$(code)"
}

if have_peer usr/sbin/dnsmasq && make_network && make_resolver; then
	check_dns
	check_addresses
	check_slow_addresses
fi
