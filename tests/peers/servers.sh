# SPDX-License-Identifier: MIT
# nginx, Apache httpd, HAProxy and Python's http.server: keep-alive, chunks, codings, ranges,
# redirects, 304, HEAD, HTTP/1.0, TLS. Their files are the same, so that the answers are, too.
# shellcheck shell=bash disable=SC2154 # build, work and PEERS are the runner's

root=$work/root
mkdir -p "$root/dir" "$root/dav" "$work/locks"
chmod 777 "$root/dav" "$work/locks"
echo hello >"$root/hello.txt"
echo '{"a":[1,2.50,"\u00e4"]}' >"$root/data.json"
: >"$root/empty.txt"
seq 20000 >"$root/long.txt"
head -c 3000000 /dev/urandom >"$root/big.bin"
echo index >"$root/dir/index.html"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key" -out "$work/cert" -days 2 \
	-subj /CN=peers -addext subjectAltName=IP:127.0.0.1,DNS:localhost 2>/dev/null
cat "$work/cert" "$work/key" >"$work/both"
chmod 644 "$work/key" "$work/both"

start_nginx() { # plain 8001, TLS 8002
	cat >"$work/nginx.conf" <<END
user root; daemon off; worker_processes 1; pid $work/nginx.pid; error_log stderr;
events { }
http {
	access_log off; default_type text/plain; types { application/json json; text/html html; }
	client_body_temp_path $work/b; proxy_temp_path $work/p; fastcgi_temp_path $work/f;
	uwsgi_temp_path $work/u; scgi_temp_path $work/s; keepalive_requests 100000; absolute_redirect off;
	gzip on; gzip_types *; gzip_min_length 100; gzip_vary on;
	server {
		listen 127.0.0.1:8001; listen 127.0.0.1:8002 ssl; root $root;
		ssl_protocols TLSv1.3; ssl_certificate $work/cert; ssl_certificate_key $work/key;
		location = /moved { return 302 /hello.txt; }
		location = /gone { return 410 gone; }
		location = /void { return 204; }
		location /put { dav_methods PUT; create_full_put_path on; client_max_body_size 1m; }
	}
}
END
	have_peer usr/sbin/nginx || return
	start_peer nginx usr/sbin/nginx -e stderr -p "$work" -c "$work/nginx.conf"
	listens nginx 8001
}

start_apache() { # plain 8003, TLS 8004
	cat >"$work/apache.conf" <<END
ServerRoot $work
ServerName 127.0.0.1
User nobody
Group nogroup
PidFile $work/apache.pid
Mutex pthread default
ErrorLog /dev/stderr
Listen 127.0.0.1:8003
Listen 127.0.0.1:8004
$(for module in mpm_event authz_core dir mime alias headers filter deflate ssl dav dav_fs; do
	echo "LoadModule ${module}_module $PEERS/usr/lib/apache2/modules/mod_$module.so"
done)
DocumentRoot $root
TypesConfig /dev/null
AddType application/json json
AddType text/plain txt
SetOutputFilter DEFLATE
Redirect 302 /moved /hello.txt
Redirect 410 /gone
DavLockDB $work/locks/dav
<Location /dav>
	Dav On
</Location>
<VirtualHost 127.0.0.1:8004>
	SSLEngine on
	SSLCertificateFile $work/cert
	SSLCertificateKeyFile $work/key
</VirtualHost>
END
	have_peer usr/sbin/apache2 || return
	start_peer apache usr/sbin/apache2 -DFOREGROUND -f "$work/apache.conf"
	listens apache 8003
}

start_haproxy() { # plain 8005, TLS 8006, in front of nginx
	cat >"$work/haproxy.conf" <<END
defaults
	mode http
	timeout connect 5s
	timeout client 5s
	timeout server 5s
frontend plain
	bind 127.0.0.1:8005
	bind 127.0.0.1:8006 ssl crt $work/both alpn h2,http/1.1
	http-request redirect location /hello.txt code 302 if { path /moved }
	http-request deny deny_status 410 if { path /gone }
	filter compression
	compression algo gzip
	compression type text/plain
	compression offload
	default_backend nginx
backend nginx
	server one 127.0.0.1:8001
END
	have_peer usr/sbin/haproxy || return
	start_peer haproxy usr/sbin/haproxy -db -f "$work/haproxy.conf"
	listens haproxy 8005
}

start_python() { # HTTP/1.0 on 8007, HTTP/1.1 on 8008
	start python python3 -m http.server --bind 127.0.0.1 -d "$root" 8007
	start python11 python3 -m http.server --bind 127.0.0.1 -d "$root" --protocol HTTP/1.1 8008
	listens python 8007 && listens python11 8008
}

record_bytes() { python3 "$here/compare.py" body; }

# What all of them have to have in common.
check_server() { # NAME URL [OPTIONS]
	local name=$1 url=$2 got
	shift 2
	for file in hello.txt data.json empty.txt long.txt big.bin; do
		got=$(get "$@" "$url/$file" | tee "$work/record" | record_bytes | sha256sum)
		if [ "$got" = "$(sha256sum <"$root/$file")" ]; then pass "$name: $file"
		else fail "$name: $file" "$(head -c 600 "$work/record")"; fi
	done
	is "$name: nothing there" http_404 "$(get "$@" "$url/nothing" | field .error.code)"
	is "$name: a range" '206 "7\n8"' \
		"$(get "$@" -H 'Range: bytes=12-14' -H 'Accept-Encoding: identity' "$url/long.txt" |
			field '"\(.status) \(.body_text | tojson)"')"
	is "$name: a redirect to the folder" "$url/dir/" "$(get "$@" "$url/dir" | field .final_url)"
	is "$name: HEAD" '200 0' "$(echo "{\"url\":\"$url/long.txt\",\"method\":\"HEAD\"}" |
		get "$@" -i - | field '"\(.status) \(.bytes.body)"')"
	local since
	since=$(get "$@" "$url/hello.txt" | field '.headers["last-modified"]')
	is "$name: 304" unchanged "$(get "$@" -H "If-Modified-Since: $since" "$url/hello.txt" | field .type)"
}

check_kept() { # NAME URL CONNECTIONS [OPTIONS]
	local name=$1 url=$2 want=$3
	shift 3
	is "$name: 50 requests on $want connections" "$want" "$(for i in $(seq 50); do echo "$url/hello.txt?$i"; done |
		get "$@" -i - --per-host 1 | field .conn.id | sort -u | wc -l)"
}

check_tls() { # NAME URL
	is "$1: TLS" TLSv1.3 "$(get --cacert "$work/cert" "$2/hello.txt" | field .conn.tls)"
	is "$1: nobody vouches for it" tls_cert_untrusted "$(get "$2/hello.txt" | field .error.code)"
}

check_special() { # NAME URL
	is "$1: 302" "$2/hello.txt" "$(get "$2/moved" | field .final_url)"
	is "$1: 410" http_410 "$(get "$2/gone" | field .error.code)"
	is "$1: a coding" gzip "$(get "$2/long.txt" | field '.headers["content-encoding"]')"
	is "$1: chunks" chunked "$(get "$2/long.txt" | field '.headers["transfer-encoding"]')"
}

# Each folder takes what Expect: 100-continue has announced.
check_expect() { # NAME FOLDER
	local got
	got=$(EXPECT_URLS=$2 PEERS=$PEERS "$build/tests/test_expect" other_servers_do_so_too 2>&1)
	# shellcheck disable=SC2181 # the output is wanted, too
	if [ $? -eq 0 ] && [[ $got == *ok* ]]; then pass "$1: 100-continue"; else fail "$1: 100-continue" "$got"; fi
}

start_python
if start_nginx; then
	check_server nginx http://127.0.0.1:8001
	check_server 'nginx, TLS' https://127.0.0.1:8002 --cacert "$work/cert"
	check_kept nginx http://127.0.0.1:8001 1
	check_tls nginx https://127.0.0.1:8002
	check_special nginx http://127.0.0.1:8001
	check_expect nginx http://127.0.0.1:8001/put
	is 'nginx: 204' 204 "$(get http://127.0.0.1:8001/void | field .status)"
fi
if start_apache; then
	check_server Apache http://127.0.0.1:8003
	check_server 'Apache, TLS' https://127.0.0.1:8004 --cacert "$work/cert"
	check_kept Apache http://127.0.0.1:8003 1
	check_tls Apache https://127.0.0.1:8004
	check_special Apache http://127.0.0.1:8003
	check_expect Apache http://127.0.0.1:8003/dav
fi
if start_haproxy; then
	check_server HAProxy http://127.0.0.1:8005
	check_kept HAProxy http://127.0.0.1:8005 1
	check_tls HAProxy https://127.0.0.1:8006
	check_special HAProxy http://127.0.0.1:8005
	check_expect HAProxy http://127.0.0.1:8005/put
	sed 's/8001/8099/; s/8005/8015/; s/8006/8016/' "$work/haproxy.conf" >"$work/haproxy2.conf"
	start_peer haproxy2 usr/sbin/haproxy -db -f "$work/haproxy2.conf"
	listens haproxy2 8015
	is 'HAProxy: nobody behind it' http_503 "$(get --retry 0 http://127.0.0.1:8015/ | field .error.code)"
fi
check_python() {
	for file in hello.txt data.json empty.txt long.txt big.bin; do
		is "$1: $file" "$(sha256sum <"$root/$file")" "$(get "$2/$file" | record_bytes | sha256sum)"
	done
	is "$1: a redirect to the folder" "$2/dir/" "$(get "$2/dir" | field .final_url)"
	is "$1: no ranges" 200 "$(get -H 'Range: bytes=1-3' "$2/long.txt" | field .status)"
}
check_python 'Python, HTTP/1.0' http://127.0.0.1:8007
check_python Python http://127.0.0.1:8008
check_kept 'Python, HTTP/1.0' http://127.0.0.1:8007 50
check_kept Python http://127.0.0.1:8008 1
