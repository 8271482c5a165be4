import DVLADiagnostics
import NIOCore
import NIOWebSocket

/// The rules for a client's frames that the decoder leaves to others: they are masked, have no
/// reserved bits, since no extension was agreed on, and a known type; and there are not too many
/// pings and pongs, each of which costs more to take than to send.
///
/// Source: RFC 6455, sections 5.1 and 5.2.
final class FrameRules: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias InboundOut = WebSocketFrame

  private let watch: ConnectionGuard
  private let limits: ServerLimits
  private var isInsideMessage = false
  /// How many control frames may still come, as of `time`.
  private var allowance: Double
  private var time = ContinuousClock.now

  init(_ watch: ConnectionGuard, _ limits: ServerLimits) {
    (self.watch, self.limits) = (watch, limits)
    allowance = Double(limits.controlBurst)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = Self.unwrapInboundIn(data)
    if let problem = problem(of: frame) {
      context.fireErrorCaught(problem)
      return
    }
    context.fireChannelRead(data)
  }

  private func problem(of frame: WebSocketFrame) -> WeightsError? {
    guard frame.maskKey != nil else { return Self.form("a frame that is not masked") }
    if frame.rsv1 || frame.rsv2 || frame.rsv3 {
      return Self.form("a frame with reserved bits, such as a compressed one")
    }
    switch frame.opcode {
    case .text, .binary, .continuation:
      isInsideMessage = !frame.fin
    case .ping, .pong:
      guard spendAllowance() else {
        return WeightsError(
          .serveFlood,
          "expected at most \(Int(limits.controlRate)) pings and pongs in a second, found more")
      }
    case .connectionClose: break
    default: return Self.form("a frame of an unknown type")
    }
    if !isInsideMessage { watch.completeMessage() }
    return nil
  }

  private func spendAllowance() -> Bool {
    let now = ContinuousClock.now
    let earned = limits.controlRate * ((now - time) / .seconds(1))
    allowance = min(Double(limits.controlBurst), allowance + earned)
    time = now
    guard allowance >= 1 else { return false }
    allowance -= 1
    return true
  }

  private static func form(_ found: String) -> WeightsError {
    WeightsError(.serveFrame, "expected a plain frame of RFC 6455, found \(found)")
  }
}

extension WeightsError.Code {
  /// A frame, or an order of frames, that the WebSocket protocol does not allow.
  static let serveFrame = Self("serve.frame")
  /// A client sends pings or pongs faster than anyone needs.
  static let serveFlood = Self("serve.flood")
  /// A message is larger than the server allows.
  static let serveMessageSize = Self("serve.message-size")
  /// A text message came; observations are binary.
  static let serveText = Self("serve.text")
  /// An observation came before the answers to those before it.
  static let serveTurn = Self("serve.turn")
}
