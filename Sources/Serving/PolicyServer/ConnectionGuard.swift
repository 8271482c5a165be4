import NIOCore

/// The first handler of a connection: counts it, and ends it when the client is too slow.
///
/// A client has some seconds and bytes for its handshake, and a time for each frame from its first
/// byte to its last, so that one that stalls holds its memory for that long and no longer.
final class ConnectionGuard: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let core: ServerCore
  private var deadline: Scheduled<Void>?
  private var byteCount = 0
  private var hasShakenHands = false
  private var isInsideFrame = false
  /// When the last byte came.
  private(set) var lastByte = ContinuousClock.now

  init(_ core: ServerCore) { self.core = core }

  func channelActive(context: ChannelHandlerContext) {
    guard core.connect() else {
      context.close(promise: nil)
      return
    }
    let core = core
    context.channel.closeFuture.whenComplete { _ in core.disconnect() }
    setDeadline(core.limits.handshakeTime, context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastByte = .now
    if hasShakenHands {
      if !isInsideFrame {
        isInsideFrame = true
        setDeadline(core.limits.frameTime, context)
      }
    } else {
      byteCount += Self.unwrapInboundIn(data).readableBytes
      guard byteCount <= core.limits.handshakeByteCount else {
        context.close(promise: nil)
        return
      }
    }
    context.fireChannelRead(data)
  }

  /// The handshake is done.
  func shakeHands() {
    hasShakenHands = true
    completeFrame()
  }

  /// A frame is complete.
  func completeFrame() {
    isInsideFrame = false
    deadline?.cancel()
    deadline = nil
  }

  private func setDeadline(_ time: Duration, _ context: ChannelHandlerContext) {
    deadline?.cancel()
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: TimeAmount(time)) { channel.close(promise: nil) }
  }
}
