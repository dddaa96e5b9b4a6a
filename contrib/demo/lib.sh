# shellcheck shell=bash
# What both parts of the demo share: two authorities on loopback.
set -euo pipefail
cd "$(dirname "$0")/../.." || exit 1
build=$(realpath "$1")
keep=${KEEP:-}
dir=$(mktemp -d "${TMPDIR:-/tmp}/comity-demo.XXXXXX")
daemons=()
followers=()

end() { # pid...
	[ $# != 0 ] || return 0
	kill "$@" 2>/dev/null || true
	wait "$@" 2>/dev/null || true
}

finish() {
	local rc=$?
	# Before what they read from, so that they do not miss it.
	end "${followers[@]}"
	if [ -n "$keep" ] && [ $rc = 0 ]; then
		return
	fi
	end "${daemons[@]}"
	if [ $rc != 0 ]; then
		echo "The demo failed (exit $rc). What the daemons said last:" >&2
		tail -n 15 "$dir"/*/log >&2 || true
	fi
	rm -rf "$dir"
}
trap finish EXIT

say() { if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi; }
as() { "$build/bin/comityctl" --socket "$dir/$1/local.sock" "${@:2}"; }

# A TCP port of loopback that nobody listens on.
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 12000))
		grep -qi ":$(printf %04X $port) " /proc/net/tcp || break
	done
	echo $port
}

configure() { # id name peer-id peer-name listen-port dial-port state zone peer-state peer-zone
	cat >"$dir/$1/comityd.conf" <<-EOF
		authority {
			id = "$1"
			name = "$2"
			state = "$7"
			time_zone = "$8"
			calendar = "$7"
		}
		law {
			treaties = "$PWD/config/treaties"
			calendars = "$PWD/config/calendars"
		}
		identity {
			tls_certificate = "tls.pem"
			tls_key = "tls.key"
			signing_certificate = "sign.pem"
			signing_key = "sign.key"
		}
		store {
			dir = "store"
		}
		run_dir = "run"
		listen = { "127.0.0.1:$5" }
		local {
			path = "local.sock"
		}
		client desk {
			user = "$(id -un)"
			role = submitter
			cases = all
		}
		client operator {
			user = "$(id -un)"
			role = operator
		}
		peer $3 {
			state = "$9"
			time_zone = "${10}"
			calendar = "$9"
			dial = "127.0.0.1:$6"
			anchors = "peers/$3/ca.pem"
			crl = "peers/$3/crl.pem"
			names = { "dns:$4" }
			signing_certificates = "peers/$3/sign.pem"
		}
	EOF
}

# Start a daemon and wait until it says that it is ready.
start() { # id [NAME=value...]
	mkfifo "$dir/$1/started"
	env "${@:2}" "$build/bin/comityd" --config "$dir/$1/comityd.conf" 2> >(tee "$dir/$1/log" >"$dir/$1/started") &
	daemons+=($!)
	exec 5<"$dir/$1/started"
	while read -r -t 30 line <&5; do
		[[ $line == *ready ]] && break
	done
	[[ ${line:-} == *ready ]] || { echo "comityd of $1 did not start" >&2; exit 1; }
	cat <&5 >/dev/null &
	exec 5<&-
}

# The events of a side, as they come, on this file descriptor.
follow() { # id fd
	mkfifo "$dir/$1/events"
	"$build/bin/comityctl" --socket "$dir/$1/local.sock" --client desk --json inbox --cursor demo --follow >"$dir/$1/events" &
	followers+=($!)
	eval "exec $2<\"\$dir/\$1/events\""
}

field() { sed -nE "s/.*\"$2\": ?\"([^\"]*)\".*/\1/p" <<<"$1"; }
