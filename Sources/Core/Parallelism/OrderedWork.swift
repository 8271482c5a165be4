public import DVLADiagnostics

/// Work that is done on several threads and handed over in order on one.
///
/// What is handed over, and which error is thrown, does not depend on the number of threads, so
/// that a file that is written in this way has the same bytes for any number of them.
public enum OrderedWork {
  /// Computes items 0, 1, 2, … on `threads` threads and consumes their results in that order on
  /// the calling thread.
  ///
  /// Memory stays bounded: at most `window` items are computed or waiting to be consumed at any
  /// time. The first error in item order ends the run: every earlier result is consumed, none
  /// after it, and the workers have ended when this returns or throws. One thread means the calling
  /// thread itself.
  ///
  /// - Parameters:
  ///   - items: how many items there are.
  ///   - threads: how many to compute on, at least 1; fewer where the system refuses so many.
  ///   - window: items in flight, by default four for each thread.
  ///   - makeScratch: makes what one thread reuses from item to item: buffers, codec contexts.
  ///   - work: computes one item. Called on any thread, but by each with its own scratch.
  ///   - consume: takes the results in order, on the calling thread.
  /// - Throws: the first error in item order of `makeScratch`, `work` and `consume`.
  public static func run<Scratch: ~Copyable, Result: Sendable>(
    items: Int, threads: Int, window: Int? = nil,
    makeScratch: @Sendable () throws(WeightsError) -> Scratch,
    work: @Sendable (Int, inout Scratch) throws(WeightsError) -> Result,
    consume: (Int, consuming Result) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    guard items > 0 else { return }
    let workers = min(max(threads, 1), items)
    if workers == 1 {
      var scratch = try makeScratch()
      for item in 0..<items { try consume(item, try work(item, &scratch)) }
      return
    }
    let board = Board<Result>(items: items, window: max(window ?? 4 * workers, workers))
    try withoutActuallyEscaping(makeScratch) { makeScratch throws(WeightsError) in
      try withoutActuallyEscaping(work) { work throws(WeightsError) in
        // Both closures outlive the threads: every one is joined before this scope ends.
        let crew = Crew(count: workers) {
          Self.serve(board, makeScratch: makeScratch, work: work)
        }
        defer {
          board.stop()
          crew.join()
        }
        guard !crew.isEmpty else {
          throw WeightsError(
            .noThreads, .unavailable, "the system started none of \(workers) threads")
        }
        for item in 0..<items { try consume(item, try board.take(item)) }
      }
    }
  }

  private static func serve<Scratch: ~Copyable, Result: Sendable>(
    _ board: Board<Result>, makeScratch: () throws(WeightsError) -> Scratch,
    work: (Int, inout Scratch) throws(WeightsError) -> Result
  ) {
    do throws(WeightsError) {
      var scratch = try makeScratch()
      while let item = board.claim() {
        do throws(WeightsError) {
          board.post(item, .success(try work(item, &scratch)))
        } catch {
          board.post(item, .failure(error))
        }
      }
    } catch {
      if let item = board.claim() { board.post(item, .failure(error)) }
    }
  }
}

/// Where workers claim items and post results, and the consumer takes them in order.
private final class Board<Result: Sendable>: Sendable {
  private struct State {
    /// The next item that no worker has claimed.
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

extension WeightsError.Code {
  /// The system started none of the threads asked for.
  public static let noThreads = Self("parallelism.no-threads")
}
