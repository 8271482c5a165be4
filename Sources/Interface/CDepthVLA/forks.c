#define _GNU_SOURCE
#include <forks.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static pid_t loader;
static _Atomic pid_t user;

__attribute__((constructor)) static void note_loader(void) { loader = getpid(); }

bool dvla_process_may_use(void) {
  pid_t own = getpid(), known = 0;
  return atomic_compare_exchange_strong(&user, &known, own) || known == own;
}

// A child begins with one thread, which has the number of its process.
bool dvla_thread_has_forked(void) { return getpid() != loader && gettid() == getpid(); }

bool dvla_run_on_new_thread(void *(*function)(void *), void *context) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, function, context) != 0) return false;
  // Cannot fail: nobody else knows the thread. A caller told of a failure would run the function again.
  pthread_join(thread, NULL);
  return true;
}
