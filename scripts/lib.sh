# Shared by the scripts beside it: source it, do not run it. Everything said here goes to stderr,
# so that the standard output of a script is the program's own.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Where run and test build: $RELAY_BUILD_DIR, relative to the tree, or absolute.
# shellcheck disable=SC2034
case ${RELAY_BUILD_DIR:-build/release} in
  /*) build_dir=$RELAY_BUILD_DIR ;;
  *) build_dir=$root/${RELAY_BUILD_DIR:-build/release} ;;
esac

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

cached() { # cached DIR VARIABLE: its value in DIR's CMake cache
  sed -n "s/^$2:[A-Z]*=//p" "$1/CMakeCache.txt" 2>/dev/null || true
}

# configure DIR [-DNAME=VALUE ...]: runs cmake only when DIR has no build yet or one of the values
# differs; ninja itself notices changed CMake files.
configure() {
  local dir=$1 option name
  shift
  local stale=no
  [ -f "$dir/build.ninja" ] || stale=yes
  for option in "$@"; do
    name=${option#-D}
    [ "$(cached "$dir" "${name%%=*}")" = "${name#*=}" ] || stale=yes
  done
  [ $stale = yes ] || return 0
  say "configuring ${dir#"$root"/}"
  cmake -S "$root" -B "$dir" -G Ninja "$@" >&2
}

# build DIR [TARGET ...]: silent when there is nothing to do.
build() {
  local dir=$1
  shift
  if ninja -C "$dir" -n "$@" 2>/dev/null | grep -q 'no work to do'; then return 0; fi
  say "building ${dir#"$root"/}"
  ninja -C "$dir" "$@" >&2
}
