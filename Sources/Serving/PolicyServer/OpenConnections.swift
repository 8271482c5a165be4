import NIOCore
import Synchronization

/// The connections that are open.
final class OpenConnections: Sendable {
  private struct Open {
    var all: [ObjectIdentifier: any Channel] = [:]
    /// Those that have not shaken hands, the oldest first.
    var strangers: [ObjectIdentifier] = []
  }

  private let open = Mutex(Open())

  /// - Parameter limit: of connections that have not shaken hands. One more ends the oldest of
  ///   them, which had its time, rather than the new one.
  func add(_ channel: any Channel, strangerLimit limit: Int) {
    let key = ObjectIdentifier(channel)
    let oldest = open.withLock { open -> (any Channel)? in
      open.all[key] = channel
      open.strangers.append(key)
      guard open.strangers.count > limit else { return nil }
      return open.all[open.strangers.removeFirst()]
    }
    oldest?.close(promise: nil)
    channel.closeFuture.whenComplete { [self] _ in
      open.withLock { open in
        open.all[key] = nil
        open.strangers.removeAll { $0 == key }
      }
    }
  }

  /// A connection has shaken hands.
  func welcome(_ channel: any Channel) {
    let key = ObjectIdentifier(channel)
    open.withLock { open in open.strangers.removeAll { $0 == key } }
  }

  var isEmpty: Bool { open.withLock { $0.all.isEmpty } }

  /// Clients of a policy are told; other connections are closed.
  func sayGoodbye() {
    for channel in open.withLock({ Array($0.all.values) }) {
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
