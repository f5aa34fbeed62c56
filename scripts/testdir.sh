#!/usr/bin/env bash
# Prints where tests keep their files: in memory, if there is plenty and programs can be
# run from there, because thousands of small transactions wait for a disk several times
# as long as for the processor. What is tested is the same; a kill ends a process and
# not the machine, so what it wrote stays in either.
set -euo pipefail

usual=${TMPDIR:-/tmp}
memory=/dev/shm
needed=$((6 << 20)) # KiB

available() { awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo 2>/dev/null || echo 0; }

if [ -z "${TMPDIR:-}" ] && [ -d "$memory" ] && [ -w "$memory" ] &&
	[ "$(df -Pk "$memory" | awk 'NR == 2 { print $4 }')" -ge "$needed" ] && [ "$(available)" -ge $((2 * needed)) ]; then
	try=$(mktemp "$memory/gongxin-try.XXXXXX")
	trap 'rm -f "$try"' EXIT
	printf '#!/bin/sh\nexit 0\n' >"$try"
	chmod +x "$try"
	if "$try" 2>/dev/null; then
		usual=$memory
	fi
fi
echo "$usual"
