# What belongs to the command and the library where they are installed. Sourced by install and release.

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

# build_library: for C and C++, needing nothing of the Swift toolchain. Its path is in LIBRARY.
build_library() {
  # Compiled as the command is, so that nothing is compiled twice.
  local -a options=(-c release --product depthvla-c --static-swift-stdlib)
  say "build: the library"
  swift build "${options[@]}" >"$SETUP_LOG" 2>&1 || {
    SETUP_PROBLEM="swift build of the library failed"
    setup_failed
  }
  LIBRARY=$(swift build "${options[@]}" --show-bin-path)/libdepthvla-c.so
}

# The files of an installation, below its prefix.
COMMAND_FILE=bin/depthvla
LIBRARY_FILE=lib/libdepthvla.so.1
# What a linker looks for: a link to the library.
LINK_FILE=lib/libdepthvla.so
HEADER_FILE=include/depthvla.h
PKGCONFIG_FILE=lib/pkgconfig/depthvla.pc
MANUAL_FILE=share/man/man1/depthvla.1
BASH_FILE=share/bash-completion/completions/depthvla
ZSH_FILE=share/zsh/site-functions/_depthvla
FISH_FILE=share/fish/vendor_completions.d/depthvla.fish
INSTALLED_FILES=(
  "$COMMAND_FILE" "$MANUAL_FILE" "$BASH_FILE" "$ZSH_FILE" "$FISH_FILE"
  "$LIBRARY_FILE" "$LINK_FILE" "$HEADER_FILE" "$PKGCONFIG_FILE"
)

# lay_out FOLDER: all of them, of the command and the library that were built.
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
  install -m 644 "$LIBRARY" "$1/$LIBRARY_FILE"
  strip --strip-unneeded "$1/$LIBRARY_FILE"
  ln -s "$(basename "$LIBRARY_FILE")" "$1/$LINK_FILE"
  install -m 644 Sources/Interface/CDepthVLA/include/depthvla.h "$1/$HEADER_FILE"
  # Says where it is by where this file is, so that an archive may be unpacked anywhere.
  cat >"$1/$PKGCONFIG_FILE" <<PKGCONFIG
prefix=\${pcfiledir}/../..

Name: depthvla
Description: Verified weights and policies of DepthVLA
Version: $("$TOOL" --version | sed -n '1s/.* //p')
Cflags: -I\${prefix}/include
Libs: -L\${prefix}/lib -ldepthvla
PKGCONFIG
}
