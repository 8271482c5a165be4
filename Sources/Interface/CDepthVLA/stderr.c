// Debian's static libpng and libjpeg are compiled for programs: they reach `stderr`, which is libc's, as if it were
// in the same file, and a library cannot be linked so. Where those two are linked statically, the linker is told
// to take this variable instead (--wrap=stderr).
#ifdef DVLA_STATIC_LIBRARIES
#include <stdio.h>

extern FILE *__real_stderr;
__attribute__((visibility("hidden"))) FILE *__wrap_stderr;

// Before anything that might write to it.
__attribute__((constructor(101))) static void take_over(void) { __wrap_stderr = __real_stderr; }
#endif
