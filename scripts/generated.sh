#!/usr/bin/env bash
# Fails unless the generated page code is exactly what the templates give. It
# compares before with after, so it works in a clone and in a plain copy alike.
set -euo pipefail

state() { find . -name '*_templ.go' -not -path './.git/*' -exec sha256sum {} + | sort -k 2; }

before=$(state)
go tool templ generate 2>&1 | { grep -v '(✓)' || true; }
if [ "$before" != "$(state)" ]; then
	echo "Generated code was not that of the templates; it is now. Please commit it:" >&2
	diff <(echo "$before") <(state) >&2 || true
	exit 1
fi
