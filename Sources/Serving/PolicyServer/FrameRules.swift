import DVLADiagnostics
import NIOCore
import NIOWebSocket

/// The rules for a client's frames that the decoder leaves to others: they are masked, have no
/// reserved bits, since no extension was agreed on, and a known type.
///
/// Source: RFC 6455, sections 5.1 and 5.2.
final class FrameRules: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias InboundOut = WebSocketFrame

  private let watch: ConnectionGuard

  init(_ watch: ConnectionGuard) { self.watch = watch }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    watch.completeFrame()
    let frame = Self.unwrapInboundIn(data)
    let problem: String? =
      if frame.maskKey == nil {
        "a frame that is not masked"
      } else if frame.rsv1 || frame.rsv2 || frame.rsv3 {
        "a frame with reserved bits, such as a compressed one"
      } else if !Self.known.contains(frame.opcode) {
        "a frame of an unknown type"
      } else { nil }
    if let problem {
      context.fireErrorCaught(
        WeightsError(.serveFrame, "expected a plain frame of RFC 6455, found \(problem)"))
    } else {
      context.fireChannelRead(data)
    }
  }

  private static let known: [WebSocketOpcode] = [
    .continuation, .text, .binary, .connectionClose, .ping, .pong,
  ]
}

extension WeightsError.Code {
  /// A frame, or an order of frames, that the WebSocket protocol does not allow.
  static let serveFrame = Self("serve.frame")
  /// A message is larger than the server allows.
  static let serveMessageSize = Self("serve.message-size")
  /// A text message came; observations are binary.
  static let serveText = Self("serve.text")
  /// An observation came before the answers to those before it.
  static let serveTurn = Self("serve.turn")
}
