import NIOCore
import Synchronization

/// The connections that are open, so that they can be closed together.
final class OpenConnections: Sendable {
  private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

  func add(_ channel: any Channel) {
    let key = ObjectIdentifier(channel)
    channels.withLock { $0[key] = channel }
    channel.closeFuture.whenComplete { [self] _ in
      channels.withLock { _ = $0.removeValue(forKey: key) }
    }
  }

  /// Clients of a policy are told; other connections are closed.
  func sayGoodbye() {
    for channel in channels.withLock({ Array($0.values) }) {
      channel.eventLoop.execute {
        let pipeline = channel.pipeline.syncOperations
        guard let context = try? pipeline.context(handlerType: PolicyConnection.self),
          let connection = context.handler as? PolicyConnection
        else {
          channel.close(promise: nil)
          return
        }
        connection.goAway(context)
      }
    }
  }
}
