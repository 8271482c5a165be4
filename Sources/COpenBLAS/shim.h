#include <cblas.h>

// OpenBLAS exports these and declares them in no header.

// Chooses the kernels once more: by OPENBLAS_CORETYPE where that is set, else by the processor.
// Only builds for several processors have them, as Debian's are.
void gotoblas_dynamic_quit(void);
void gotoblas_dynamic_init(void);
