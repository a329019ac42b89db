#!/bin/bash
# Installs each package where nothing else is, and runs it there. By hand (`scripts/test packages`): it fetches a whole
# Debian and takes minutes. Needs root.
#   the .deb      in a bare Debian 12, with apt
#   the tarballs  in directories that hold only them and libc; the one for arm64 under qemu
#   npm           in an empty directory, from files alone
#   the recipes   by their languages' own checks
set -euo pipefail
cd "$(dirname "$0")/../.."
packages=$PWD/build/packages
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# The drill starts processes, serves HTTP and keeps a state: all that the program needs of a system.
drill_in() {  # drill_in ROOT PROGRAM
  unshare --mount --pid --fork --mount-proc="$1/proc" chroot "$1" /usr/bin/env -i HOME=/tmp PATH=/usr/bin:/bin "$2" --version
  unshare --mount --pid --fork --mount-proc="$1/proc" chroot "$1" /usr/bin/env -i HOME=/tmp PATH=/usr/bin:/bin "$2" drill | tail -n 3
}

alone() {  # alone DIRECTORY ARCHITECTURE TRIPLET LOADER: what the tarball must find on a machine
  local root=$1
  mkdir -p "$root"/{tmp,lib64,bin,opt/delegate,dev,proc,"lib/$3"}
  cp -L "/lib/$3"/{libc.so.6,libm.so.6} "$root/lib/$3/"
  cp -L "$4" "$root$(dirname "$4")/"
  tar -xzf "$packages"/delegate-*-linux-"$2".tar.gz -C "$root/opt/delegate" --strip-components 1
}

run_alone() {  # run_alone ROOT [EMULATOR]: no shell is there, so the environment is made outside
  local words=()
  if [ $# -gt 1 ]; then
    cp "$(command -v "$2")" "$1/bin/emulator"
    words=(/bin/emulator)
  fi
  env -i HOME=/tmp /usr/sbin/chroot "$1" "${words[@]}" /opt/delegate/bin/delegate --version
  env -i HOME=/tmp /usr/sbin/chroot "$1" "${words[@]}" /opt/delegate/bin/delegate status
}

echo "== tarball, x86-64, with nothing but libc"
alone "$place/x86_64" x86_64 x86_64-linux-gnu /lib64/ld-linux-x86-64.so.2
run_alone "$place/x86_64"

echo "== tarball, arm64, with nothing but libc"
alone "$place/aarch64" aarch64 aarch64-linux-gnu /lib/ld-linux-aarch64.so.1
run_alone "$place/aarch64" qemu-aarch64-static

echo "== npm"
mkdir "$place/npm"
(cd "$place/npm" && HOME=$place/npm npm install --silent --offline --no-audit --prefix "$place/npm" \
  "$packages"/delegate-cli-{0,linux-x64}*.tgz)
env -i HOME="$place" PATH=/usr/bin:/bin "$place/npm/node_modules/.bin/delegate" --version

echo "== recipes"
ruby -c "$packages/delegate.rb"
rubocop --only Lint,Layout --format quiet --fail-level convention --stdin delegate.rb \
  <"$packages/delegate.rb" >/dev/null
shellcheck "$packages/PKGBUILD"
(cd "$place" && cp "$packages/PKGBUILD" . && chmod -R a+rwX "$place" &&
  PACMAN=true setpriv --reuid 65534 --regid 65534 --clear-groups makepkg --printsrcinfo >/dev/null)

echo "== .deb, in a bare Debian"
mmdebstrap --quiet --variant=apt bookworm "$place/debian"
cp "$packages"/delegate_*.deb "$place/debian/tmp/"
chroot "$place/debian" sh -c 'apt-get install -qq -y /tmp/delegate_*.deb' >/dev/null
drill_in "$place/debian" delegate
chroot "$place/debian" sh -c 'apt-get purge -qq -y delegate >/dev/null && ! test -e /usr/bin/delegate'
echo "== passed"
