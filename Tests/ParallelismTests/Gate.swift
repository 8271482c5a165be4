import Foundation

/// Counts those who arrive, and lets others wait for them.
final class Gate: Sendable {
  private let condition = NSCondition()
  nonisolated(unsafe) private var arrived = 0

  var count: Int { condition.withLock { unsafe arrived } }

  func arrive() {
    condition.withLock { unsafe arrived += 1 }
    condition.broadcast()
  }

  /// Waits until so many have arrived.
  func wait(for number: Int) {
    condition.withLock {
      while unsafe arrived < number { condition.wait() }
    }
  }
}
