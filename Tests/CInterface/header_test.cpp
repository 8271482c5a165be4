// The header by itself, first, in C++11 and later.
#include <depthvla.h>

int main(void) { return dvla_abi_version() == DVLA_ABI_VERSION && dvla_version() ? 0 : 1; }
