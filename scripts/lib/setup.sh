# Sets up a Debian or Ubuntu machine that has only a Swift toolchain. Sourced by the scripts, from the
# top folder of the project; what is there already is left alone.

OLDEST_SWIFT=6.3
# The libraries of Package.swift, the compiler's own needs (headers, libstdc++, a linker's start
# files), and git for the one package that is fetched.
BUILD_PACKAGES="libzstd-dev libxxhash-dev libjson-c-dev libssl-dev libopenblas-dev libpng-dev libjpeg-dev \
  libsentencepiece-dev libmsgpack-cxx-dev g++ git ca-certificates"
# What the tools of the toolchain load; asked for only where they do not start.
TOOLCHAIN_PACKAGES="libsqlite3-dev libcurl4-openssl-dev libxml2-dev libncurses-dev libedit-dev \
  zlib1g-dev tzdata"
# The stock zstd command, with which the tests compare bundles.
TEST_PACKAGES="zstd"
# What scripts/check needs beside that.
CHECK_PACKAGES="shellcheck openssl python3"
PYTHON_PACKAGES="python3 python3-venv"

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }
fail() {
  complain "$*"
  exit 1
}

# Where the words of other programs go, to be shown only when they fail.
SETUP_LOG=$(mktemp "${TMPDIR:-/tmp}/depthvla-setup.XXXXXX")
trap 'rm -f "$SETUP_LOG"' EXIT

is_installed() {
  [ "$(dpkg-query -W -f='${Status}' "$1" 2>/dev/null)" = "install ok installed" ]
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a \
    apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" </dev/null >>"$SETUP_LOG" 2>&1
}

# Installs those of the packages that are missing. The lists of packages are fetched only where the
# ones at hand do not do. Status 1 where that cannot be done, with the reason in SETUP_PROBLEM.
install_packages() {
  local name missing=""
  for name in "$@"; do
    is_installed "$name" || missing="$missing $name"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    SETUP_PROBLEM="not root and no sudo; have an administrator run: apt-get install$missing"
    return 1
  fi
  say "setup: installing$missing"
  # shellcheck disable=SC2086
  apt_get install --no-install-recommends $missing && return 0
  apt_get update
  # shellcheck disable=SC2086
  apt_get install --no-install-recommends $missing && return 0
  SETUP_PROBLEM="apt-get could not install$missing"
  return 1
}

setup_failed() {
  [ ! -s "$SETUP_LOG" ] || tail -n 15 "$SETUP_LOG" >&2
  fail "setup: $SETUP_PROBLEM"
}

require_packages() {
  if ! command -v apt-get >/dev/null; then
    say "setup: neither Debian nor Ubuntu; expecting zstd, json-c, OpenSSL, OpenBLAS, libpng, libjpeg and SentencePiece with headers"
    return
  fi
  install_packages "$@" || setup_failed
}

setup_swift() {
  command -v swift >/dev/null \
    || fail "setup: no swift on PATH; install Swift $OLDEST_SWIFT or later from swift.org/install"
  # Other programs of the toolchain load other libraries.
  if ! swift build --version >>"$SETUP_LOG" 2>&1 || ! swift --version >>"$SETUP_LOG" 2>&1; then
    # shellcheck disable=SC2086
    require_packages $TOOLCHAIN_PACKAGES
  fi
  local version oldest
  version=$(swift --version 2>>"$SETUP_LOG" | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p')
  if [ -z "$version" ]; then
    SETUP_PROBLEM="swift --version does not work"
    setup_failed
  fi
  oldest=$(printf '%s\n%s\n' "$version" "$OLDEST_SWIFT" | sort -V | sed -n 1p)
  [ "$oldest" = "$OLDEST_SWIFT" ] \
    || fail "setup: Swift $version is too old; $OLDEST_SWIFT or later is needed (swift.org/install)"
}

# Everything that building needs, and the packages given.
setup_build() {
  command -v swift >/dev/null || setup_swift
  # shellcheck disable=SC2086
  require_packages $BUILD_PACKAGES "$@"
  setup_swift
}

# A virtual environment in .venv with what Tests/python/requirements*.txt pin. Exports its python as
# DEPTHVLA_PYTHON. Without it the tests that need Python are skipped, so nothing here ends the run.
setup_python() {
  local -a files=(Tests/python/requirements.txt)
  if [ "${DEPTHVLA_TORCH:-}" = 1 ] || [ "${CI:-}" = true ]; then
    files+=(Tests/python/requirements-torch.txt Tests/python/requirements-signing.txt)
  fi
  unset DEPTHVLA_PYTHON
  if make_environment "${files[@]}"; then
    export DEPTHVLA_PYTHON="$PWD/.venv/bin/python"
  else
    tail -n 5 "$SETUP_LOG" >&2
    say "setup: $SETUP_PROBLEM; tests that need Python packages will be skipped"
  fi
}

make_environment() {
  local file
  local -a wanted=() options=()
  if [ ! -x .venv/bin/python ]; then
    make_empty_environment || return 1
  fi
  for file in "$@"; do
    # What is listed in pinned was installed in whole.
    grep -qxF "$(sha256sum "$file")" .venv/pinned 2>/dev/null && continue
    wanted+=("$file")
    options+=(-r "$file")
  done
  [ ${#wanted[@]} -gt 0 ] || return 0
  say "setup: Python packages of ${wanted[*]} into .venv"
  if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    "${options[@]}" </dev/null >>"$SETUP_LOG" 2>&1; then
    SETUP_PROBLEM="pip could not install ${wanted[*]}"
    return 1
  fi
  sha256sum "${wanted[@]}" >>.venv/pinned
}

make_empty_environment() {
  if ! python3 -c 'import ensurepip, venv' >>"$SETUP_LOG" 2>&1; then
    if ! command -v apt-get >/dev/null; then
      SETUP_PROBLEM="no python3 with venv"
      return 1
    fi
    # shellcheck disable=SC2086
    install_packages $PYTHON_PACKAGES || return 1
  fi
  rm -rf .venv
  if ! python3 -m venv .venv >>"$SETUP_LOG" 2>&1; then
    SETUP_PROBLEM="python3 -m venv failed"
    rm -rf .venv
    return 1
  fi
}
