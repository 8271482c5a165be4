public import DVLADiagnostics
import DVLAParallelism
import Synchronization

/// Requests of all clients, answered one after the other on a thread of its own, in the order in
/// which they came.
///
/// One forward uses all threads of the processor, so that two at once would be no faster. A client
/// has one request in the queue at a time, so that none waits for more than one of each other
/// client.
public final class RequestQueue: Sendable {
  private struct State {
    var count = 0
    var isClosed = false
  }

  /// Most requests that wait or are being answered.
  public let limit: Int
  private let tasks = TaskQueue(threads: 1)
  private let state = Mutex(State())

  /// - Precondition: the limit is positive.
  public init(limit: Int) {
    precondition(limit > 0, "a queue for at least one request")
    self.limit = limit
  }

  /// How many wait or are being answered.
  public var count: Int { state.withLock { $0.count } }

  /// Adds a request.
  ///
  /// - Parameter body: computes the answer and hands it over. It runs on the queue's thread.
  /// - Throws: `serve.busy` when the queue is full; `serve.draining` after ``close()``.
  public func add(_ body: @escaping @Sendable () -> Void) throws(WeightsError) {
    let problem: WeightsError? = state.withLock { state in
      if state.isClosed {
        return WeightsError(.serveDraining, .unavailable, "the server is being stopped")
      }
      guard state.count < limit else {
        return WeightsError(
          .serveBusy, .unavailable,
          "the queue is full: \(limit) requests wait already, which is its limit")
      }
      state.count += 1
      return nil
    }
    if let problem { throw problem }
    _ = tasks.add { () throws(WeightsError) in
      body()
      self.state.withLock { $0.count -= 1 }
    }
  }

  /// From now on no request is taken. Those that wait are answered.
  public func close() { state.withLock { $0.isClosed = true } }
}

extension WeightsError.Code {
  /// As many requests wait as the server allows.
  static let serveBusy = Self("serve.busy")
  /// The server is being stopped and takes no request any more.
  public static let serveDraining = Self("serve.draining")
}
