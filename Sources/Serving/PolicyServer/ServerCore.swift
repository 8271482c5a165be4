import DVLADiagnostics
import DVLAPolicyService
import Logging
import Synchronization

/// What all connections of a server share.
final class ServerCore: Sendable {
  let service: PolicyService
  let options: ServerOptions
  let queue: RequestQueue
  let log: Logger
  private let counts = Mutex((all: 0, policies: 0))
  private let draining = Atomic(false)

  init(_ service: PolicyService, _ options: ServerOptions, log: Logger) {
    self.service = service
    self.options = options
    queue = RequestQueue(limit: options.queueLimit)
    self.log = log
  }

  var limits: ServerLimits { options.limits }
  var isDraining: Bool { draining.load(ordering: .relaxed) }
  var isReady: Bool { service.isReady && !isDraining }
  var connectionCount: Int { counts.withLock { $0.all } }

  func drain() {
    draining.store(true, ordering: .relaxed)
    queue.close()
  }

  /// Whether one more connection of any kind is taken. If so, ``disconnect()`` takes it back.
  func connect() -> Bool {
    counts.withLock { counts in
      guard counts.all < 2 * limits.connectionCount else { return false }
      counts.all += 1
      return true
    }
  }

  func disconnect() { counts.withLock { $0.all -= 1 } }

  /// Whether one more client is taken. If so, ``leave()`` takes it back.
  func enter() -> Bool {
    counts.withLock { counts in
      guard counts.policies < limits.connectionCount else { return false }
      counts.policies += 1
      return true
    }
  }

  /// Whether no more clients are taken.
  var isFull: Bool { counts.withLock { $0.policies >= limits.connectionCount } }

  func leave() { counts.withLock { $0.policies -= 1 } }

  var metrics: String {
    service.metrics(connections: connectionCount, queued: queue.count, isReady: isReady)
  }
}

extension WeightsError {
  /// The error as a client sees it: one line without the paths of this machine.
  var wireText: String { "\(code.rawValue): \(message.escapedMessage)" }
}
