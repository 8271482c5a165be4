import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOWebSocket

/// The handlers of a connection: first HTTP, then, after a handshake, WebSocket.
enum ConnectionPipeline {
  /// - Throws: what NIO throws when the channel is closed already.
  static func configure(
    _ channel: any Channel, _ core: ServerCore, _ tls: NIOSSLContext?
  ) throws {
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(ConnectionGuard(core.limits))
    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
    try pipeline.configureHTTPServerPipeline(
      withPipeliningAssistance: false,
      withServerUpgrade: (
        upgraders: [upgrader(core)],
        completionHandler: { context in
          let pipeline = context.pipeline.syncOperations
          guard let endpoints = try? pipeline.handler(type: HTTPEndpoints.self) else { return }
          pipeline.removeHandler(endpoints, promise: nil)
        }
      ), withErrorHandling: true)
    try pipeline.addHandler(HTTPEndpoints(core))
  }

  private static func upgrader(_ core: ServerCore) -> NIOWebSocketServerUpgrader {
    NIOWebSocketServerUpgrader(
      maxFrameSize: core.limits.messageByteCount, automaticErrorHandling: false,
      shouldUpgrade: { channel, head in
        // What is refused here is answered by the endpoints, which say why.
        let isTaken = HandshakeProblem.problem(of: head, core) == nil && core.enter()
        if isTaken { channel.closeFuture.whenComplete { _ in core.leave() } }
        return channel.eventLoop.makeSucceededFuture(isTaken ? HTTPHeaders() : nil)
      },
      upgradePipelineHandler: { channel, _ in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          let watch = try pipeline.handler(type: ConnectionGuard.self)
          watch.shakeHands()
          core.connections.welcome(channel)
          try pipeline.addHandler(FrameRules(watch, core.limits))
          try pipeline.addHandler(
            NIOWebSocketFrameAggregator(
              minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: core.limits.fragmentCount,
              maxAccumulatedFrameSize: core.limits.messageByteCount))
          var log = core.log
          log[metadataKey: "client"] = "\(channel.remoteAddress?.place ?? "unknown")"
          try pipeline.addHandler(PolicyConnection(core, watch, log: log))
        }
      })
  }
}
