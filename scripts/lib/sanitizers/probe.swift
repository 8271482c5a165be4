// Four threads that count: behind a Mutex, or, with the argument `bare`, behind nothing. The thread
// sanitizer has to be silent about the first and to report the second, or its word on the rest is
// worth nothing.
import Glibc
import Synchronization

final class Count: @unchecked Sendable {
  let guarded = Mutex(0)
  var bare = 0
  // All begin together. Relaxed, since any other order would excuse the race.
  let ready = Atomic(0)
}

let count = Count()
let isBare = CommandLine.arguments.contains("bare")
var threads: [pthread_t] = []
for _ in 0..<4 {
  var thread = pthread_t()
  pthread_create(
    &thread, nil,
    { _ in
      count.ready.add(1, ordering: .relaxed)
      while count.ready.load(ordering: .relaxed) < 4 { sched_yield() }
      for _ in 0..<50_000 {
        if isBare { count.bare += 1 } else { count.guarded.withLock { $0 += 1 } }
      }
      return nil
    }, nil)
  threads.append(thread)
}
for thread in threads { pthread_join(thread, nil) }
