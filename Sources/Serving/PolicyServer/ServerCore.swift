import DVLADiagnostics
import DVLAPolicyService
import Logging
import NIOCore
import Synchronization

/// What all connections of a server share.
final class ServerCore: Sendable {
  let service: PolicyService
  let options: ServerOptions
  let queue: RequestQueue
  let connections = OpenConnections()
  let log: Logger
  private let clients = Mutex((connected: 0, busy: 0))
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

  /// From now on no client and no observation is taken.
  func drain() { draining.store(true, ordering: .relaxed) }

  /// Whether one more client is taken. If so, ``leave()`` takes it back.
  func enter() -> Bool {
    clients.withLock { clients in
      guard clients.connected < limits.connectionCount else { return false }
      clients.connected += 1
      return true
    }
  }

  func leave() { clients.withLock { $0.connected -= 1 } }

  /// Whether no more clients are taken.
  var isFull: Bool { clients.withLock { $0.connected >= limits.connectionCount } }

  /// Notes that a client waits for an answer, or no more.
  func setBusy(_ isBusy: Bool) { clients.withLock { $0.busy += isBusy ? 1 : -1 } }

  /// Whether no client waits for an answer.
  var isIdle: Bool { clients.withLock { $0.busy == 0 } }

  var metrics: String {
    service.metrics(
      connections: clients.withLock { $0.connected }, queued: queue.count, isReady: isReady)
  }
}

extension WeightsError {
  /// The error as a client sees it: one line, without what it cannot change on this machine.
  var wireText: String {
    isOfFile
      ? "serve.bundle: the bundle that is served is damaged; the server's log says where"
      : "\(code.rawValue): \(message.escapedMessage)"
  }
}

extension WeightsError.Code {
  /// The server is being stopped and takes no observation any more.
  static let serveDraining = Self("serve.draining")
  /// The bundle that is served is damaged.
  static let serveBundle = Self("serve.bundle")
}
