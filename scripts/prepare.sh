#!/usr/bin/env bash
# Installs what the tests need beyond Go, if it is missing and we may: PostgreSQL,
# Chromium, nginx, Python and Java are used for real, so a test fails without them and never skips.
set -euo pipefail

missing=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || missing+=(postgresql)
command -v chromium >/dev/null || missing+=(chromium)
# fc-list is absent where no program needed fonts yet; then the font is as well.
[ -n "$(fc-list :lang=zh-cn 2>/dev/null || true)" ] || missing+=(fontconfig fonts-noto-cjk)
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx)
command -v python3 >/dev/null || missing+=(python3)
command -v javac >/dev/null || missing+=(default-jdk-headless)
command -v gcc >/dev/null || missing+=(gcc libc6-dev)
[ ${#missing[@]} -gt 0 ] || exit 0

install=(apt-get install -y --no-install-recommends "${missing[@]}")
if ! command -v apt-get >/dev/null; then
	echo "The tests need: ${missing[*]} (these are Debian's names). Please install them." >&2
	exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
	as_root=()
elif sudo -n true 2>/dev/null; then
	as_root=(sudo -n)
else
	echo "The tests need: ${missing[*]}. Please run: sudo ${install[*]}" >&2
	exit 1
fi
echo "== installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q
"${as_root[@]}" "${install[@]}"
