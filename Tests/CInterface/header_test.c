/* The header by itself, first, in C99 and later, and from it what a C compiler sees of every function. */
#include <depthvla.h>

int main(void) { return dvla_abi_version() == DVLA_ABI_VERSION && dvla_version() ? 0 : 1; }
