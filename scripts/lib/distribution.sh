# What belongs to the command where it is installed. Sourced by install and release.

# Exports DEPTHVLA_COMMIT for `depthvla --version`: the commit that is checked out, with -modified
# behind it where files have changed or have been added. Where this is no clone it is not set, and
# the command says that its commit is not recorded.
know_commit() {
  unset DEPTHVLA_COMMIT
  local commit
  [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ] || return 0
  commit=$(git rev-parse HEAD 2>/dev/null) || return 0
  [ -z "$(git status --porcelain)" ] || commit+=-modified
  export DEPTHVLA_COMMIT=$commit
}

# build_command: as one file that needs nothing of the Swift toolchain. Its path is in TOOL.
build_command() {
  local -a options=(-c release --product depthvla --static-swift-stdlib)
  know_commit
  say "build: the command (some minutes the first time)"
  swift build "${options[@]}" >"$SETUP_LOG" 2>&1 || {
    SETUP_PROBLEM="swift build failed"
    setup_failed
  }
  TOOL=$(swift build "${options[@]}" --show-bin-path)/depthvla
  local version
  version=$("$TOOL" --version)
  grep -qxF "commit: ${DEPTHVLA_COMMIT:-not recorded}" <<<"$version" \
    || fail "build: the command does not know its commit ${DEPTHVLA_COMMIT:-}"
}

# The files of an installation, below its prefix.
COMMAND_FILE=bin/depthvla
MANUAL_FILE=share/man/man1/depthvla.1
BASH_FILE=share/bash-completion/completions/depthvla
ZSH_FILE=share/zsh/site-functions/_depthvla
FISH_FILE=share/fish/vendor_completions.d/depthvla.fish
INSTALLED_FILES=("$COMMAND_FILE" "$MANUAL_FILE" "$BASH_FILE" "$ZSH_FILE" "$FISH_FILE")

# lay_out FOLDER: all of them, made by the command that was built.
lay_out() {
  local file
  for file in "${INSTALLED_FILES[@]}"; do
    mkdir -p "$(dirname "$1/$file")"
  done
  install -m 755 "$TOOL" "$1/$COMMAND_FILE"
  strip "$1/$COMMAND_FILE"
  "$TOOL" --generate-completion-script bash >"$1/$BASH_FILE"
  "$TOOL" --generate-completion-script zsh >"$1/$ZSH_FILE"
  "$TOOL" --generate-completion-script fish >"$1/$FISH_FILE"
  python3 scripts/lib/manual.py "$TOOL" >"$1/$MANUAL_FILE"
}
