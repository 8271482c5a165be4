// Tells the thread sanitizer of the standard library's Mutex. Linked into its builds alone.
//
// Where nobody else wants a Mutex, locking and unlocking it are atomic operations inlined into our
// code, which the sanitizer sees. Where somebody does, they are done inside libswiftSynchronization,
// which is not instrumented: the order that the lock makes goes unseen, and what it guards is reported
// as a race (probe.swift shows it). So those two functions are wrapped here: the real one runs, and the
// sanitizer is told of the order it makes. Nothing else is hidden from it: a race past the lock
// is still found, which probe.swift also shows.
//
// The functions are the library's own, without a promise. If a later one names them otherwise,
// these are not called, the false reports are back, and scripts/sanitize says so.
#include <dlfcn.h>
#include <stdint.h>

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *handle

typedef SWIFT void lock_function(uint32_t thread, SELF);
typedef SWIFT void unlock_function(SELF);

void __tsan_acquire(void *address);
void __tsan_release(void *address);

SWIFT void lock_slow(uint32_t thread, SELF) __asm__(LOCK_SLOW);
SWIFT void unlock_slow(SELF) __asm__(UNLOCK_SLOW);

SWIFT void lock_slow(uint32_t thread, SELF) {
  lock_function *real = (lock_function *)dlsym(RTLD_NEXT, LOCK_SLOW);
  real(thread, handle);
  __tsan_acquire(handle);
}

SWIFT void unlock_slow(SELF) {
  unlock_function *real = (unlock_function *)dlsym(RTLD_NEXT, UNLOCK_SLOW);
  __tsan_release(handle);
  real(handle);
}
