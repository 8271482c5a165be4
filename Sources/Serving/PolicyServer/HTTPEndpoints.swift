import DVLAPolicyService
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Answers the HTTP requests that do not become WebSocket connections: `/healthz`, `/readyz`,
/// `/metrics`, and handshakes that are refused. Each connection is closed after one answer.
final class HTTPEndpoints: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private struct Answer {
    var status = HTTPResponseStatus.ok
    var body: String
    var type = "text/plain; charset=utf-8"
    var headers: [(name: String, value: String)] = []
  }

  private let core: ServerCore
  private var hasAnswered = false

  init(_ core: ServerCore) { self.core = core }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // A body is not waited for: nothing here takes one.
    guard case .head(let head) = Self.unwrapInboundIn(data), !hasAnswered else { return }
    hasAnswered = true
    write(answer(to: head), to: head, context: context)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // After a handshake that is refused its request follows, to be answered.
    if error is NIOWebSocketUpgradeError { return }
    context.close(promise: nil)
  }

  private func answer(to head: HTTPRequestHead) -> Answer {
    if let problem = HandshakeProblem(head, core) {
      return Answer(
        status: problem.status, body: problem.words + "\n", headers: problem.headers)
    }
    guard head.method == .GET || head.method == .HEAD else {
      return Answer(
        status: .methodNotAllowed, body: "expected GET\n", headers: [("Allow", "GET, HEAD")])
    }
    switch head.uri.split(separator: "?", omittingEmptySubsequences: false).first ?? "" {
    case "/healthz": return Answer(body: "OK\n")
    case "/readyz":
      if core.isReady { return Answer(body: "OK\n") }
      return Answer(
        status: .serviceUnavailable,
        body: core.isDraining ? "the server is being stopped\n" : "no sound bundle is loaded\n")
    case "/metrics":
      guard core.isAllowed(head) else {
        let problem = HandshakeProblem.key
        return Answer(
          status: problem.status, body: problem.words + "\n", headers: problem.headers)
      }
      return Answer(body: core.metrics, type: "text/plain; version=0.0.4; charset=utf-8")
    default:
      return Answer(
        status: .upgradeRequired,
        body: "a policy answers over WebSocket; HTTP has /healthz, /readyz and /metrics\n",
        headers: [("Upgrade", "websocket")])
    }
  }

  private func write(_ answer: Answer, to head: HTTPRequestHead, context: ChannelHandlerContext) {
    let body = ByteBuffer(string: answer.body)
    var headers = HTTPHeaders([
      ("Content-Type", answer.type), ("Content-Length", "\(body.readableBytes)"),
      ("Connection", "close"), ("Cache-Control", "no-store"),
    ])
    headers.add(contentsOf: answer.headers)
    let response = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
    context.write(Self.wrapOutboundOut(.head(response)), promise: nil)
    if head.method != .HEAD {
      context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.value.writeAndFlush(Self.wrapOutboundOut(.end(nil)))
      .whenComplete { _ in context.value.close(promise: nil) }
  }
}
