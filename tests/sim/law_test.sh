#!/usr/bin/env bash
# Legal years, small: ten authorities for one year, each seed twice. The hundred for ten
# years are `make sim-law`.
# tests/sim/law_test.sh SIM
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
count=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for seed in {1..8}; do
	count=$((count + 1))
	not='not '
	"$1" --law --nodes 10 --days 365 "$seed" >"$log" 2>&1 && not=''
	echo "${not}ok $count - seed $seed: no step twice or early, both sides hold the same clocks"
	sed 's/^/# /' "$log"
done
for seed in {1..4}; do
	count=$((count + 1))
	not='not '
	"$1" --law --nodes 10 --days 365 --restore-rate 2 "$seed" >"$log" 2>&1 && not=''
	echo "${not}ok $count - seed $seed, stores are restored from backups: the same"
	sed 's/^/# /' "$log"
done
for seed in {1..4}; do
	count=$((count + 1))
	not='not '
	"$1" --law --nodes 2 --days 730 "$seed" >"$log" 2>&1 && not=''
	echo "${not}ok $count - seed $seed, two authorities: they count the same, and publish nobody"
	sed 's/^/# /' "$log"
done
echo "1..$count"
