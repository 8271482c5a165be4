import NIOCore

/// The first handler of a connection, which ends it when the client is too slow.
///
/// A client has some seconds and bytes for its handshake, and a time for each message from its
/// first byte to its last, so that one that stalls holds its memory for that long and no longer.
final class ConnectionGuard: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let limits: ServerLimits
  private var deadline: Scheduled<Void>?
  private var byteCount = 0
  private var hasShakenHands = false
  private var isInsideMessage = false
  private var isDeaf = false
  /// When the last byte came.
  private(set) var lastByte = ContinuousClock.now

  init(_ limits: ServerLimits) { self.limits = limits }

  func channelActive(context: ChannelHandlerContext) {
    setDeadline(limits.handshakeTime, context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastByte = .now
    guard !isDeaf else { return }
    if hasShakenHands {
      if !isInsideMessage {
        isInsideMessage = true
        setDeadline(limits.messageTime, context)
      }
    } else {
      byteCount += Self.unwrapInboundIn(data).readableBytes
      guard byteCount <= limits.handshakeByteCount else {
        context.close(promise: nil)
        return
      }
    }
    context.fireChannelRead(data)
  }

  /// The handshake is done.
  func shakeHands() {
    hasShakenHands = true
    completeMessage()
  }

  /// A message, or a control frame outside of one, is complete.
  func completeMessage() {
    isInsideMessage = false
    deadline?.cancel()
    deadline = nil
  }

  /// From now on what comes is thrown away.
  func goDeaf() {
    isDeaf = true
    completeMessage()
  }

  private func setDeadline(_ time: Duration, _ context: ChannelHandlerContext) {
    deadline?.cancel()
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: TimeAmount(time)) { channel.close(promise: nil) }
  }
}
