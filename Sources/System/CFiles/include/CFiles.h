#ifndef DVLA_CFILES_H
#define DVLA_CFILES_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// The temporaries that a signal handler has to remove, and the calls that Swift cannot import.
// Every function returns a negative errno on failure.

/// Creates a new file in `parent` (a folder's descriptor, which must stay open while the entry
/// lives), locks it, and enters it into the table. Returns its descriptor, open for writing and
/// reading. The lock lasts until the last copy of the descriptor is closed: a process that acquires
/// it knows that no other works on the file any more.
int file_access_temporary_file(int parent, const char *name, mode_t mode, int *slot);

/// Creates a new folder in `parent`, locks it, and enters it into the table. Returns its
/// descriptor.
int file_access_temporary_folder(int parent, const char *name, mode_t mode, int *slot);

/// Locks a temporary that another process left, through its open descriptor. Returns -EWOULDBLOCK
/// if a process works on it, -ENOENT if the name no longer belongs to that file.
int file_access_hold(int descriptor, int parent, const char *name);

/// Enters an existing file that this process holds into the table. Returns its slot.
int file_access_temporary_adopt(int parent, const char *name);

/// Makes the signal handler leave the file, because another run can continue it.
void file_access_temporary_outlives_signals(int slot);

/// Takes the entry out of the table and leaves the file alone: it has its final name now.
void file_access_temporary_keep(int slot);

/// Takes the entry out of the table and removes the file, or the folder with the files in it.
void file_access_temporary_remove(int slot);

/// Removes everything in the table that this process created, except files that outlive signals;
/// the signal handler calls this. Returns whether such a file was left.
bool file_access_temporary_remove_all(void);

/// Removes the files in the folder `parent`/`name`, then the folder. Folders inside are left.
int file_access_remove_folder(int parent, const char *name);

/// SIGINT, SIGTERM and SIGHUP remove the temporaries and end the process with `status`, unless
/// they are ignored already (nohup). If a file outlives the signal, `message`, which must stay
/// valid for the life of the process, is written to stderr.
/// SIGPIPE and SIGXFSZ are ignored, so that writing fails with EPIPE or EFBIG instead.
int file_access_install_handlers(int status, const char *message);

/// Until file_access_release_signals, no signal ends the process on any thread, because the handler
/// waits; after 10 seconds it ends the process and removes nothing. `before` receives what that
/// call needs; the same thread must make both calls.
void file_access_hold_signals(sigset_t *before);

/// Ends what file_access_hold_signals began. A signal that arrived meanwhile is delivered now.
void file_access_release_signals(const sigset_t *before);

/// From now on SIGHUP, SIGINT and SIGTERM, on whichever thread they arrive, write their number as a
/// byte to a pipe and do nothing else. Returns the pipe's end to read from, which does not block.
int file_access_await_signals(void);

/// Has malloc map pieces of at least `mapped` bytes each for itself, and keep as many freed bytes as
/// `kept` for what is allocated next.
void file_access_keep_freed_memory(int mapped, int kept);

/// rename(2) that fails with EEXIST where the target exists.
int file_access_rename_new(int parent, const char *from, const char *to);

/// Swaps two names.
int file_access_rename_exchange(int parent, const char *a, const char *b);

/// O_PATH: opens a folder as a place to look names up in, without the right to list it.
extern const int file_access_lookup_only;

/// Reserves disk space for the first `length` bytes without changing the size of the file.
int file_access_reserve(int descriptor, off_t length);

/// Asks the system to start writing these bytes to the device. Does not wait and cannot fail.
void file_access_begin_writing(int descriptor, off_t offset, off_t length);

/// Writes these bytes to the device and waits until it has taken them. An error of the device that
/// is reported here is not reported by fsync again.
int file_access_finish_writing(int descriptor, off_t offset, off_t length);

#endif
