#pragma once

// The descriptor of a file without a name that lives in memory; -1 when the system has none.
int memory_file_create(void);
