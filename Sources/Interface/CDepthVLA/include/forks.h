#ifndef DVLA_FORKS_H
#define DVLA_FORKS_H

#include <stdbool.h>

// What a call has to know of forks before it does anything in Swift. Not part of the interface.

/// Whether no other process has used this memory. The first call makes its process the user.
bool dvla_process_may_use(void);

/// Whether the calling thread goes on here from another process: the library was loaded, then came a
/// fork, and this is the thread that forked.
bool dvla_thread_has_forked(void);

/// Runs a function on a thread of its own and waits for it. False if the system starts no thread.
bool dvla_run_on_new_thread(void *(*function)(void *), void *context);

#endif
