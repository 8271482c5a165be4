public import DVLADiagnostics
import Synchronization

/// One closure on a thread of its own, whose result is waited for later.
public final class BackgroundTask<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, WeightsError>?>(nil)
  private let crew = Mutex<Crew?>(nil)

  /// Starts the closure. If the system starts no thread, it runs before this returns.
  public init(_ body: @escaping @Sendable () throws(WeightsError) -> Value) {
    let run: @Sendable () -> Void = { [self] in
      let outcome: Result<Value, WeightsError>
      do throws(WeightsError) { outcome = .success(try body()) } catch { outcome = .failure(error) }
      result.withLock { $0 = outcome }
    }
    let started = Crew(count: 1, run)
    if started.isEmpty { run() }
    crew.withLock { $0 = started }
  }

  deinit { crew.withLock { $0?.detach() } }

  /// The result; nil while the closure runs.
  public var finished: Result<Value, WeightsError>? { result.withLock { $0 } }

  /// The result, once there is one.
  ///
  /// - Throws: what the closure threw.
  public func wait() throws(WeightsError) -> Value {
    let started = crew.withLock { crew in
      defer { crew = nil }
      return crew
    }
    started?.join()
    guard let outcome = result.withLock({ $0 }) else {
      throw WeightsError(.noThreads, .unavailable, "a background task was waited for twice at once")
    }
    return try outcome.get()
  }
}
