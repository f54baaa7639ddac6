#!/usr/bin/env bash
# The interop suite: `npm run test:interop`. It needs Node, Python 3 (with venv), Go and, for nghttpd,
# Debian's nghttp2-server, which it installs itself when it may. Everything else it fetches goes into
# test/interop/.cache, and the servers it starts listen on loopback only.
set -euo pipefail
cd "$(dirname "$0")"
cache=$PWD/.cache
mkdir -p "$cache"

need() {
  command -v "$1" >/dev/null || { echo "test:interop needs $1: $2" >&2; exit 1; }
}
need python3 'install Python 3 with its venv module'
need go 'install Go 1.25 or newer'

export PATH="$PATH:/usr/sbin"
if ! command -v nghttpd >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nghttp2-server >/dev/null
  fi
  need nghttpd "install Debian's nghttp2-server"
fi

if ! cmp -s requirements.txt "$cache/installed-requirements.txt"; then
  python3 -m venv "$cache/venv"
  "$cache/venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt
  cp requirements.txt "$cache/installed-requirements.txt"
fi

(cd go-server && go build -o "$cache/go-server" .)

cd ../..
npm run --silent build
exec npx vitest run --config vitest.interop.config.ts "$@"
