# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # work, pids and build belong to lib.sh
# nginx.sh - one nginx worker for benchmarks, on a CPU of its own. Sourced after lib.sh.

nginx=$(peer usr/sbin/nginx)
server_cpu=0 client_cpu=1
[ "$(nproc)" -ge 2 ] || client_cpu=0

make_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=bench \
		-addext subjectAltName=IP:127.0.0.1 -keyout "$work/key" -out "$work/cert" 2>/dev/null
}

start_nginx() { # sets port and tls_port; nginx cannot be given port 0, so luck decides, repeatedly, below what clients get
	local try
	for try in 1 2 3 4 5 6 7 8 9 10; do
		port=$((20000 + RANDOM % 6000)) tls_port=$((port + 6000))
		cat >"$work/nginx.conf" <<-END
			daemon off; master_process off; pid $work/pid; error_log $work/error.log;
			events { worker_connections 30000; }
			http {
			  access_log off; keepalive_requests 1000000000; default_type application/json;
			  client_body_temp_path $work/a; proxy_temp_path $work/b; fastcgi_temp_path $work/c;
			  uwsgi_temp_path $work/d; scgi_temp_path $work/e;
			  server {
			    listen 127.0.0.1:$port backlog=16384; listen 127.0.0.1:$tls_port ssl backlog=16384;
			    ssl_certificate $work/cert; ssl_certificate_key $work/key;
			    ssl_protocols TLSv1.3; ssl_session_cache shared:bench:10m;
			    location / { return 200 '{"id":1,"api":"weather","city":"Lisbon","celsius":21.50}'; }
			  }
			}
		END
		# exec, or the signal at the end would only reach the shell around it.
		(export LD_LIBRARY_PATH="$peer_libraries" && exec taskset -c "$server_cpu" "$nginx" \
			-e "$work/error.log" -p "$work" -c "$work/nginx.conf") &
		server=$!
		for _ in $(seq 40); do
			if curl -s -o /dev/null "http://127.0.0.1:$port/" && kill -0 "$server"; then
				pids+=("$server")
				return
			fi
			kill -0 "$server" 2>/dev/null || break
			sleep 0.05
		done
		kill "$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
	done
	echo "nginx does not start (try $try):"; cat "$work/error.log"
	exit 1
}
