// The one thing that a build knows and its sources do not. DEPTHVLA_COMMIT, in the environment of
// `swift build`, becomes DVLA_COMMIT; see Package.swift.
#include "CBuild.h"

#include <stddef.h>

#define TEXT(tokens) #tokens
#define TEXT_OF(macro) TEXT(macro)

const char *dvla_build_commit(void) {
#ifdef DVLA_COMMIT
  return TEXT_OF(DVLA_COMMIT);
#else
  return NULL;
#endif
}
