# SPDX-License-Identifier: MIT
# tinyproxy and Apache as HTTP proxies, microsocks as SOCKS5 one: plain, TLS, credentials, refusals.
# shellcheck shell=bash disable=SC2154

start_tinyproxy() { # 8100; with a user on 8101
	for port in 8100 8101; do
		cat >"$work/tinyproxy.$port" <<END
Port $port
Listen 127.0.0.1
Timeout 5
MaxClients 100
Allow 127.0.0.1
ConnectPort 8002
END
	done
	echo 'BasicAuth user pass' >>"$work/tinyproxy.8101"
	have_peer usr/bin/tinyproxy || return
	start_peer tinyproxy usr/bin/tinyproxy -d -c "$work/tinyproxy.8100"
	start_peer tinyproxy2 usr/bin/tinyproxy -d -c "$work/tinyproxy.8101"
	listens tinyproxy 8100 && listens tinyproxy2 8101
}

start_apache_proxy() { # 8102
	cat >"$work/proxy.conf" <<END
ServerRoot $work
ServerName 127.0.0.1
User nobody
Group nogroup
PidFile $work/proxy.pid
Mutex pthread default
ErrorLog /dev/stderr
Listen 127.0.0.1:8102
$(for module in mpm_event authz_core proxy proxy_http proxy_connect; do
	echo "LoadModule ${module}_module $PEERS/usr/lib/apache2/modules/mod_$module.so"
done)
ProxyRequests On
AllowCONNECT 8002
END
	have_peer usr/sbin/apache2 || return
	start_peer proxy usr/sbin/apache2 -DFOREGROUND -f "$work/proxy.conf"
	listens proxy 8102
}

start_socks() { # 8103; with a user on 8104
	have_peer usr/bin/microsocks || return
	start_peer socks usr/bin/microsocks -i 127.0.0.1 -p 8103
	start_peer socks2 usr/bin/microsocks -i 127.0.0.1 -p 8104 -u user -P pass
	listens socks 8103 && listens socks2 8104
}

check_proxy() { # NAME PROXY
	for file in hello.txt long.txt big.bin; do
		for url in http://127.0.0.1:8001 https://127.0.0.1:8002; do
			is "$1: ${url%%:*} $file" "$(sha256sum <"$root/$file")" \
				"$(get -x "$2" --cacert "$work/cert" "$url/$file" | record_bytes | sha256sum)"
		done
	done
	is "$1: one tunnel for 20" 1 "$(seq 20 | sed 's|^|https://127.0.0.1:8002/hello.txt?|' |
		get -x "$2" --cacert "$work/cert" -i - --per-host 1 | field .conn.id | sort -u | wc -l)"
	is "$1: no_proxy" 127.0.0.1:8001 "$(get -x "$2" --noproxy 127.0.0.0/8 http://127.0.0.1:8001/hello.txt |
		field .conn.peer)"
}
code_by() { get -x "$1" --retry 0 "${@:2}" | field .error.code; }

if start_tinyproxy; then
	check_proxy tinyproxy http://127.0.0.1:8100
	check_proxy 'tinyproxy with a user' http://user:pass@127.0.0.1:8101
	is 'tinyproxy: no credentials' proxy_auth "$(code_by http://127.0.0.1:8101 http://127.0.0.1:8001/)"
	is 'tinyproxy: wrong ones' proxy_auth "$(code_by http://user:wrong@127.0.0.1:8101 https://127.0.0.1:8002/)"
	is 'tinyproxy: a port not allowed' proxy_refused "$(code_by http://127.0.0.1:8100 https://127.0.0.1:8004/)"
fi
if start_apache_proxy; then
	check_proxy 'Apache as proxy' http://127.0.0.1:8102
	is 'Apache as proxy: a port not allowed' proxy_refused "$(code_by http://127.0.0.1:8102 https://127.0.0.1:8004/)"
	is 'Apache as proxy: nobody there' http_503 "$(code_by http://127.0.0.1:8102 http://127.0.0.1:8099/)"
fi
if start_socks; then
	check_proxy 'SOCKS5' socks5://127.0.0.1:8103
	check_proxy 'SOCKS5 with a user' socks5://user:pass@127.0.0.1:8104
	check_proxy 'SOCKS5, names there' socks5h://127.0.0.1:8103
	is 'SOCKS5: no credentials' proxy_auth "$(code_by socks5://127.0.0.1:8104 http://127.0.0.1:8001/)"
	is 'SOCKS5: wrong ones' proxy_auth "$(code_by socks5://user:wrong@127.0.0.1:8104 http://127.0.0.1:8001/)"
	is 'SOCKS5: nobody there' proxy_refused "$(code_by socks5://127.0.0.1:8103 http://127.0.0.1:8099/)"
fi
