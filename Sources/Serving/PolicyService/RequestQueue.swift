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
  private struct Entry: Sendable {
    let request: ServiceRequest
    let body: @Sendable () -> Void
  }

  private struct State {
    var waiting: [Entry] = []
    var isBusy = false
    var count: Int { waiting.count + (isBusy ? 1 : 0) }
  }

  /// Most requests that wait or are being answered.
  private let limit: Int
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
  /// - Throws: `serve.busy` when the queue is full.
  public func add(
    _ request: ServiceRequest, _ body: @escaping @Sendable () -> Void
  ) throws(WeightsError) {
    let isAdded = state.withLock { state in
      guard state.count < limit else { return false }
      state.waiting.append(Entry(request: request, body: body))
      return true
    }
    guard isAdded else {
      throw WeightsError(
        .serveBusy, .unavailable,
        "the queue is full: \(limit) requests wait already, which is its limit")
    }
    _ = tasks.add { [self] in runNext() }
  }

  /// Cancels a request. One that waits loses its place at once, with all that it holds; one that is
  /// being answered ends at its next part.
  public func cancel(_ request: ServiceRequest) {
    request.cancel()
    state.withLock { state in state.waiting.removeAll { $0.request === request } }
  }

  private func runNext() {
    let entry = state.withLock { state -> Entry? in
      guard !state.waiting.isEmpty else { return nil }
      state.isBusy = true
      return state.waiting.removeFirst()
    }
    guard let entry else { return }
    entry.body()
    state.withLock { $0.isBusy = false }
  }
}

extension WeightsError.Code {
  /// As many requests wait as the server allows.
  static let serveBusy = Self("serve.busy")
}
