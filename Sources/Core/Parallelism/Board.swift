import DVLADiagnostics

/// Where workers claim items and post results, and the consumer takes them in order.
final class Board<Result: Sendable>: Sendable {
  private struct State {
    /// The next item nobody has claimed.
    var next = 0
    /// The next item the consumer will take.
    var taken = 0
    /// Items from here on are not wanted: all of them, or those after the first known error.
    var end: Int
    /// Posted results not yet taken; at most `window`.
    var posted: [Int: Swift.Result<Result, WeightsError>] = [:]
  }

  private let window: Int
  private let monitor: Monitor<State>

  init(items: Int, window: Int) {
    self.window = window
    monitor = Monitor(State(end: items))
  }

  /// The next item to compute, once there is room for its result; nil when none is left.
  func claim() -> Int? {
    monitor.wait { state -> Int?? in
      if state.next >= state.end { return .some(nil) }
      // Counted from the item being consumed, which still holds its memory.
      guard state.next - state.taken < self.window else { return nil }
      state.next += 1
      return state.next - 1
    }
  }

  func post(_ item: Int, _ result: Swift.Result<Result, WeightsError>) {
    monitor.update { state in
      state.posted[item] = result
      if case .failure = result { state.end = min(state.end, item + 1) }
    }
  }

  /// The result of `item`, once it is there. Items are taken in order.
  func take(_ item: Int) throws(WeightsError) -> Result {
    monitor.update { $0.taken = item }
    let result = monitor.wait { $0.posted.removeValue(forKey: item) }
    return try result.get()
  }

  /// No more items are claimed.
  func stop() {
    monitor.update { state in
      state.end = 0
      state.posted.removeAll()
    }
  }
}
