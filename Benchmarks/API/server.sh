# What the measurements of a running server have in common. Source it behind `weir=PATH`; it makes a directory of its own,
# $data, and removes it with the server at the end.
api=Benchmarks/API
data=$(mktemp -d)
server=
peer=
trap 'for pid in $server $peer; do kill -9 "$pid" 2>/dev/null || true; done; rm -rf "$data"' EXIT

start() { # DIRECTORY: starts a server, and says in $url and $token_file how to ask it, in $started how long it took
    local begin
    rm -f "$data/ready"
    touch "$data/ready"
    begin=$(date +%s.%N)
    "$weir" serve --data-dir "$data/$1" --listen 127.0.0.1:0 --insecure-listen 127.0.0.1:18080 --log-level error \
        --signature-import never >"$data/ready" &
    server=$!
    until grep -q ready "$data/ready"; do kill -0 "$server"; sleep 0.02; done
    started=$(awk -v begin="$begin" -v end="$(date +%s.%N)" 'BEGIN {printf "%.1f", end - begin}')
    url=$(awk '{print $2}' "$data/ready")
    token_file=$data/$1/admin.token
}

stop() { kill "$server"; wait "$server" || true; }

memory() { awk '/^VmRSS/ {printf "%.0f", $2 / 1024}' "/proc/$server/status"; }

load() { # NAME PATH [wrk's arguments]
    local name=$1 path=$2 before after
    shift 2
    before=$(awk '{print $14 + $15}' "/proc/$server/stat")
    wrk -t1 -c64 -d10 --latency -H "Authorization: Bearer $(cat "$token_file")" "$@" "$url$path" >"$data/wrk"
    after=$(awk '{print $14 + $15}' "/proc/$server/stat")
    awk -v name="$name" -v ticks=$((after - before)) -v hertz="$(getconf CLK_TCK)" '
        /requests in/ {count = $1} /Requests\/sec/ {rate = $2} /Transfer\/sec/ {bytes = $2} /99%/ {tail = $2}
        /Non-2xx/ {failed = ", " $5 " FAILED"}
        END {printf "%s: %d/s, %s/s, p99 %s, %.0f us of the server each%s\n", name, rate, bytes, tail,
            ticks / hertz / count * 1e6, failed}' "$data/wrk"
}
