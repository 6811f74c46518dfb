#!/bin/sh
# A job of cron, Jenkins or whoever runs a script in a checkout: overlayfuse is in PATH. Usage: job.sh CHECKOUT
set -eu
cd "$1"

# What this machine allows, when something is missing: the exit status is 1 then.
overlayfuse doctor >&2 || echo 'see the remedies above' >&2

# Writes go to a view that only make and its children see.
changes=$(mktemp)
trap 'rm -f "$changes"' EXIT
overlayfuse run --diff="$changes" --lower . -- make test
echo "$(wc -l <"$changes") paths would have changed"

# A view for several commands, which all processes of this user see, until standard input ends: here with the script.
mkfifo "$changes.in" "$changes.out"
overlayfuse hold --lower . <"$changes.in" >"$changes.out" &
exec 9>"$changes.in" 8<"$changes.out"
rm "$changes.in" "$changes.out"
read -r view <&8
(cd "$view" && make test)
overlayfuse changes "$view"
exec 9>&-
wait
