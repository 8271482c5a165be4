#ifndef CBUILD_H
#define CBUILD_H

/// The commit that the package was built from, as its digits and "-modified" where files had
/// changed since; null where the build does not know it.
const char *dvla_build_commit(void);

#endif
