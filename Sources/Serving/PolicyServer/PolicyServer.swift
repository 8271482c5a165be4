public import DVLADiagnostics
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
  private let connections = OpenConnections()

  /// - Throws: `serve.exposed` for an address that other machines reach while no key is asked for;
  ///   `serve.tls`, `serve.address`.
  public init(
    _ service: PolicyService, options: ServerOptions, log: Logger
  ) throws(WeightsError) {
    core = ServerCore(service, options, log: log)
    tls = try options.tls.map { (files) throws(WeightsError) in try NIOSSLContext(files) }
  }

  /// Begins to listen.
  ///
  /// - Returns: the address, such as `ws://127.0.0.1:8000`.
  /// - Throws: `serve.address` when the address is not this machine's or taken; `serve.exposed`.
  public func start() throws(WeightsError) -> String {
    let options = core.options
    let address: SocketAddress
    let channel: any Channel
    do {
      address = try SocketAddress.makeAddressResolvingHost(options.host, port: options.port)
    } catch {
      throw WeightsError(
        .serveAddress, .usage, "--host \(options.host.quoted) is no address of this machine")
    }
    guard address.isLoopback || options.keys != nil || options.allowsAnyone else {
      throw WeightsError(
        .serveExposed, .usage,
        "other machines reach the address \(options.host.quoted), and no client is asked for a key",
        remedies: [.restrictClients])
    }
    do {
      let (core, tls, connections) = (core, tls, connections)
      channel = try ServerBootstrap(group: group)
        .serverChannelOption(.backlog, value: 64)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelOption(.maxMessagesPerRead, value: 16)
        .childChannelOption(
          .recvAllocator,
          value: AdaptiveRecvByteBufferAllocator(
            minimum: 1 << 10, initial: 64 << 10, maximum: 1 << 20)
        )
        .childChannelInitializer { channel in
          connections.add(channel)
          return channel.eventLoop.makeCompletedFuture {
            try ConnectionPipeline.configure(channel, core, tls)
          }
        }
        .bind(to: address).wait()
    } catch {
      throw WeightsError(
        .serveAddress, .unavailable,
        "cannot listen on \(options.host.quoted), port \(options.port): \(error)")
    }
    listener.withLock { $0 = channel }
    let port = channel.localAddress?.port ?? options.port
    let host = options.host.contains(":") ? "[\(options.host)]" : options.host
    return "\(tls == nil ? "ws" : "wss")://\(host):\(port)"
  }

  /// Takes no more clients and requests, answers those that wait, and closes all connections.
  /// Returns when that is done.
  public func stop() {
    core.drain()
    try? listener.withLock { $0 }?.close().wait()
    let core = core
    wait { core.queue.count == 0 }
    connections.sayGoodbye()
    let end = ContinuousClock.now + core.limits.lingerTime + .seconds(1)
    wait { core.connectionCount == 0 || ContinuousClock.now > end }
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
