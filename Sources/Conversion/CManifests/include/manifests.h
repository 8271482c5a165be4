#ifndef DVLA_MANIFESTS_H
#define DVLA_MANIFESTS_H

#include <stddef.h>

/// A file of the folder `Manifests`, as it was when the library was compiled.
struct dvla_manifest {
  /// Path inside `Manifests`, NUL-terminated.
  const char *path;
  /// UTF-8 text, not terminated.
  const unsigned char *text;
  size_t count;
};

size_t dvla_manifest_count(void);

/// The manifest at `index`, which must be below the count.
struct dvla_manifest dvla_manifest(size_t index);

#endif
