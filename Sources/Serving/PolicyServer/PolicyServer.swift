public import DVLADiagnostics
import DVLAFiles
public import DVLAPolicyService
public import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Answers the programs of robots over the network, in the protocol of openpi.
///
/// Source: openpi, `packages/openpi-client/src/openpi_client/websocket_client_policy.py` and
/// `src/openpi/serving/websocket_policy_server.py`.
public final class PolicyServer: Sendable {
  private let core: ServerCore
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let tls: NIOSSLContext?
  private let listener = Mutex<(any Channel)?>(nil)

  /// - Throws: `serve.tls` for files that are no certificate and its key; `file.*`.
  public init(
    _ service: PolicyService, options: ServerOptions, log: Logger
  ) throws(WeightsError) {
    core = ServerCore(service, options, log: log)
    tls = try options.tls.map { (files) throws(WeightsError) in try NIOSSLContext(files) }
  }

  /// Begins to listen, with as many open files as the system allows this process.
  ///
  /// - Returns: the address, such as `ws://127.0.0.1:8000`.
  /// - Throws: `serve.address` when the address is not this machine's or taken; `serve.exposed` for
  ///   one that other machines reach while no key is asked for; `serve.connections` for more
  ///   clients than the system allows open files for.
  public func start() throws(WeightsError) -> String {
    let options = core.options
    let address: SocketAddress
    let channel: any Channel
    do {
      address = try SocketAddress.makeAddressResolvingHost(options.host, port: options.port)
    } catch {
      throw WeightsError(
        .serveAddress, .usage,
        "expected a name or an address of this machine, found \(options.host.quoted)")
    }
    guard address.isLoopback || options.keys != nil || options.allowsAnyone else {
      throw WeightsError(
        .serveExposed, .usage,
        "other machines reach the address \(options.host.quoted), and no client is asked for a key",
        remedies: [.restrictClients])
    }
    let descriptors = OpenFileLimit.raise()
    guard 2 * core.limits.connectionCount + Self.ownDescriptors <= descriptors else {
      throw WeightsError(
        .serveConnections, .usage,
        "\(core.limits.connectionCount) clients need \(Self.ownDescriptors) and twice as many open "
          + "files; the system allows \(descriptors) (see ulimit -Hn)")
    }
    do {
      channel = try bootstrap.bind(to: address).wait()
    } catch let error as IOError {
      throw Self.failure(options, SystemFailure.words(error.errnoCode))
    } catch {
      throw Self.failure(options, "\(error)")
    }
    listener.withLock { $0 = channel }
    return "\(tls == nil ? "ws" : "wss")://\((channel.localAddress ?? address).place)"
  }

  /// Files of the process itself: the bundle, the log, a recording.
  private static let ownDescriptors = 64

  private static func failure(_ options: ServerOptions, _ why: String) -> WeightsError {
    WeightsError(
      .serveAddress, .unavailable,
      "cannot listen on \(options.host.quoted), port \(options.port): \(why)")
  }

  private var bootstrap: ServerBootstrap {
    let (core, tls) = (core, tls)
    return ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 64)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      // Without descriptors, accepting rests for a while.
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
        }
      }
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      // Each client gets a small share of a turn of the loop, so that none holds up the others.
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(
          minimum: 1 << 10, initial: 16 << 10, maximum: 64 << 10)
      )
      .childChannelInitializer { channel in
        core.connections.add(channel, strangerLimit: core.limits.connectionCount)
        return channel.eventLoop.makeCompletedFuture {
          try ConnectionPipeline.configure(channel, core, tls)
        }
      }
  }

  /// Takes no more clients and requests, answers those that wait, and closes all connections.
  /// Returns when that is done.
  public func stop() {
    core.drain()
    try? listener.withLock { $0 }?.close().wait()
    let core = core
    wait { core.isIdle }
    core.connections.sayGoodbye()
    let end = ContinuousClock.now + core.limits.lingerTime + .seconds(1)
    wait { core.connections.isEmpty || ContinuousClock.now > end }
    try? group.syncShutdownGracefully()
  }

  /// Returns when the condition holds.
  private func wait(until condition: @escaping @Sendable () -> Bool) {
    let loop = group.next()
    let done = loop.makePromise(of: Void.self)
    loop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(10)) { task in
      guard condition() else { return }
      task.cancel()
      done.succeed(())
    }
    try? done.futureResult.wait()
  }
}
