public import DVLADiagnostics

/// Work that is done on several threads and handed over in order on one.
///
/// What is handed over, and which error is thrown, does not depend on the number of threads: that
/// is what makes files the same bytes whatever `--threads` says.
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
            .noThreads, .unavailable, "expected to start \(workers) threads, found none to be had")
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

extension WeightsError.Code {
  /// The system started none of the threads asked for.
  public static let noThreads = Self("parallelism.no-threads")
}
