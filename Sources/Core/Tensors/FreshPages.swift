import Glibc
import Synchronization

/// Puts memory under addresses that are about to be written for the first time, all at once:
/// a page at each first touch takes a third longer.
///
/// Huge pages, of 2 MiB, take a quarter of the time. But where the system has none at hand, as in a
/// virtual machine whose host took back what was free, one takes several times as long as the
/// small ones in its place. So what the last one took decides about the next ones. What is computed
/// does not depend on it.
///
/// Unsafe code: addresses are handed to the system only, which checks them.
enum FreshPages {
  static let hugeByteCount = 2 << 20

  /// Nanoseconds of a processor that small pages take: a huge one that is at hand takes 200 000,
  /// one that is not takes two million and more.
  private static let limit = 800_000
  /// How many huge pages to do without after a slow one: at first, and at most.
  private static let pauses = (first: 32, longest: 4096)

  /// Huge pages still to be done without, and how many it will be after the next slow one.
  private static let paused = Atomic(0)
  private static let nextPause = Atomic(pauses.first)

  /// - Parameters:
  ///   - start: on a page.
  ///   - byteCount: how many bytes are owned from there on.
  static func provide(at start: UnsafeMutableRawPointer, byteCount: Int) {
    guard byteCount == hugeByteCount, Int(bitPattern: start).isMultiple(of: hugeByteCount),
      paused.subtract(1, ordering: .relaxed).newValue < 0
    else {
      _ = unsafe madvise(start, byteCount, MADV_POPULATE_WRITE)
      return
    }
    let begin = nanoseconds()
    _ = unsafe madvise(start, byteCount, MADV_HUGEPAGE)
    _ = unsafe madvise(start, byteCount, MADV_POPULATE_WRITE)
    if nanoseconds() - begin < limit {
      nextPause.store(pauses.first, ordering: .relaxed)
      paused.store(0, ordering: .relaxed)
    } else {
      let pause = nextPause.load(ordering: .relaxed)
      nextPause.store(min(2 * pause, pauses.longest), ordering: .relaxed)
      paused.store(pause, ordering: .relaxed)
    }
  }

  /// Of the processor, so that a thread that had to wait for its turn does not count as slow.
  private static func nanoseconds() -> Int {
    var now = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
    return now.tv_sec * 1_000_000_000 + now.tv_nsec
  }
}
