#!/bin/bash
# The Debian package and the tarball of a build: what is in them, and what they need.
#   deb_test.sh BUILD
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly newest_glibc=2.35  # as README.md says
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

cpack --config "$1/CPackConfig.cmake" -B "$place" >"$place/log" 2>&1 || { cat "$place/log"; exit 1; }
deb=$(echo "$place"/delegate_*.deb)
lintian --allow-root --fail-on error,warning "$deb"
dpkg-deb -x "$deb" "$place/deb"
env -i HOME="$place/home" "$place/deb/usr/bin/delegate" --version
depends=$(dpkg-deb -f "$deb" Depends | sed 's/ ([^)]*)//g')
[ "$depends" = "libcurl4, libc6, libsystemd0" ] || { echo "Depends: $depends"; exit 1; }

mkdir "$place/tarball"
tar -xzf "$place"/delegate-*-linux-*.tar.gz -C "$place/tarball" --strip-components 1
. /etc/os-release
for program in bin/delegate libexec/delegate/delegate-notify; do
  needed=$(objdump -T "$place/tarball/$program" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
  [ "$VERSION_ID" = 12 ] || continue  # releases are built there
  printf '%s\n' "$needed" "GLIBC_$newest_glibc" | sort -CV || { echo "$program needs $needed"; exit 1; }
done
env -i HOME="$place/home" "$place/tarball/bin/delegate" --version
for page in man/man1/delegate.1 bash-completion/completions/delegate zsh/site-functions/_delegate \
  fish/vendor_completions.d/delegate.fish; do
  [ -s "$place/tarball/share/$page" ] || { echo "the tarball lacks $page"; exit 1; }
done
