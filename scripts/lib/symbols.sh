# The public symbols of a module that was built, for DocC and for the check of names. Sourced.

# The folder of what was built, and how modules in it are found: those in C have module maps.
find_modules() {
  local map
  MODULES=(-I "$1/Modules" -target "$(uname -m)-unknown-linux-gnu")
  for map in Sources/*/C*/module.modulemap "$1"/DVLAC*.build/module.modulemap; do
    MODULES+=(-Xcc "-fmodule-map-file=$map")
  done
}

# extract_symbols MODULE FOLDER: with those of the modules that it gives along.
extract_symbols() {
  local names
  names=$(find Sources -mindepth 2 -maxdepth 2 -type d -printf 'DVLA%f,')
  rm -rf "$2"
  mkdir -p "$2"
  swift-symbolgraph-extract -module-name "$1" "${MODULES[@]}" -output-dir "$2" \
    -minimum-access-level public -experimental-allowed-reexported-modules="${names}DepthVLARuntime"
}
