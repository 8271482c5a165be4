import Glibc

/// Signals that a program waits for, one after the other, instead of being ended by them: for a
/// program that runs until it is told to stop.
public struct AwaitedSignals: Sendable {
  public enum Signal: Sendable {
    /// SIGHUP: read again what is served.
    case hangUp
    /// SIGINT or SIGTERM: stop in good order.
    case stop
  }

  /// From now on these signals do nothing in this thread and in those that it starts, but wait for
  /// ``next(within:)``. Threads that run already must not exist.
  public init() {
    var set = Self.set
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// The next signal; nil if none comes in time.
  public func next(within time: Duration) -> Signal? {
    var set = Self.set
    let (seconds, attoseconds) = time.components
    var limit = timespec(
      tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    switch unsafe sigtimedwait(&set, nil, &limit) {
    case SIGHUP: return .hangUp
    case SIGINT, SIGTERM: return .stop
    // The time is over, or another signal was handled.
    default: return nil
    }
  }

  private static var set: sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in [SIGHUP, SIGINT, SIGTERM] { unsafe sigaddset(&set, signal) }
    return set
  }
}
