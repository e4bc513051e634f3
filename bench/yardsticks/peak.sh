#!/usr/bin/env bash
# A mirror, run from a shell, that writes to a file how much memory the program itself
# used at most, in KiB. Git's processes are others.
BITBUCKET_AUTH_HOST=shell .bin/bitbucket-auth mirror &
pid=$!
while most=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$pid/status" 2>/dev/null) && [ -n "$most" ]; do
	echo "$most" >"$1"
	sleep 0.1
done &
wait "$pid"
