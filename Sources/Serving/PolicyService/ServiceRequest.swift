public import DVLADiagnostics
import Synchronization

/// An observation of a client, from its arrival to its answer.
public final class ServiceRequest: Sendable {
  /// The message as it came.
  public let message: [UInt8]
  /// When its last byte came.
  public let arrival: ContinuousClock.Instant
  /// When nobody waits for the answer any more.
  public let deadline: ContinuousClock.Instant
  /// How long the client's request before this one took, with sending the answer.
  public let previousTotal: Duration?
  private let cancelled = Atomic(false)

  /// Counted for a client that did not wait for its answer.
  public static let gone = WeightsError(.serveGone, .interrupted, "the client has gone")

  public init(
    _ message: [UInt8], arrival: ContinuousClock.Instant = .now, allowing time: Duration,
    previousTotal: Duration? = nil
  ) {
    self.message = message
    self.arrival = arrival
    deadline = arrival + time
    self.previousTotal = previousTotal
  }

  /// The client has gone: the work ends at the next part of the forward.
  public func cancel() { cancelled.store(true, ordering: .relaxed) }

  public var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

  /// What a client is told that waited for the time it was granted.
  public var timeout: WeightsError {
    let seconds = (deadline - arrival) / .seconds(1)
    return WeightsError(
      .serveTimeout, .unavailable,
      "no answer within \(Int(seconds.rounded())) s, the limit for a request")
  }

  /// - Throws: `serve.gone` after ``cancel()``, `serve.timeout` after the deadline.
  func checkIsWanted() throws(WeightsError) {
    if isCancelled { throw Self.gone }
    if ContinuousClock.now >= deadline { throw timeout }
  }
}

extension WeightsError.Code {
  /// The client closed its connection before its answer was there.
  static let serveGone = Self("serve.gone")
  /// A request took longer than the server allows.
  static let serveTimeout = Self("serve.timeout")
}
