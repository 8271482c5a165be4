import DVLADiagnostics
import DVLAPolicyService
import Logging
import NIOCore
import NIOWebSocket

/// One client: says who is served, then answers one observation after the other.
///
/// All of it runs on the event loop, which never computes: pings are answered while a forward runs.
final class PolicyConnection: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  private struct Arrival {
    let message: [UInt8]
    let time: ContinuousClock.Instant
  }

  private let core: ServerCore
  private let watch: ConnectionGuard
  private let log: Logger
  private var waiting: [Arrival] = []
  private var current: ServiceRequest?
  /// Whether an answer is on its way, which a client that does not read holds up.
  private var isSending = false
  private var isBusy = false
  private var previousTotal: Duration?
  private var isClosing = false
  private var pings: RepeatedTask?
  private var timeout: Scheduled<Void>?

  init(_ core: ServerCore, _ watch: ConnectionGuard, log: Logger) {
    (self.core, self.watch, self.log) = (core, watch, log)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    // The client may have gone while it shook hands.
    guard context.channel.isActive else { return }
    guard let greeting = core.service.greeting else {
      preconditionFailure("clients are taken when a bundle is loaded")
    }
    log.debug("connected")
    startPings(context)
    send(.binary, ByteBuffer(bytes: greeting), context)
  }

  func handlerRemoved(context: ChannelHandlerContext) { letGo() }

  func channelInactive(context: ChannelHandlerContext) {
    letGo()
    log.debug("disconnected")
    context.fireChannelInactive()
  }

  /// Ends what is done for the client: the forward at its next part, so that the others have their
  /// turn.
  private func letGo() {
    pings?.cancel()
    pings = nil
    timeout?.cancel()
    if let current {
      core.queue.cancel(current)
      core.service.count(ServiceRequest.gone)
    }
    for _ in waiting { core.service.count(ServiceRequest.gone) }
    (current, waiting, isSending) = (nil, [], false)
    noteBusiness()
  }

  private func noteBusiness() {
    let isBusyNow = current != nil || isSending || !waiting.isEmpty
    if isBusyNow != isBusy { core.setBusy(isBusyNow) }
    isBusy = isBusyNow
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = Self.unwrapInboundIn(data)
    guard !isClosing else {
      if frame.opcode == .connectionClose { context.close(promise: nil) }
      return
    }
    switch frame.opcode {
    case .binary: take(frame.unmaskedData, context)
    case .text:
      fail(
        WeightsError(.serveText, "expected an observation in a binary message, found a text"),
        context)
    case .ping:
      // A client that does not read gets no more of them.
      if context.channel.isWritable { send(.pong, frame.unmaskedData, context) }
    case .connectionClose:
      isClosing = true
      let code = frame.unmaskedData.readableBytesView.prefix(2)
      send(.connectionClose, ByteBuffer(bytes: code), context)
      close(after: .zero, context)
    default: break
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case let error as WeightsError: fail(error, context)
    case NIOWebSocketError.invalidFrameLength,
      NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge,
      NIOWebSocketFrameAggregator.Error.tooManyFragments:
      fail(
        WeightsError(
          .serveMessageSize,
          "expected a message of at most \(core.limits.messageByteCount) bytes in at most "
            + "\(core.limits.fragmentCount) frames, found a larger one"), context)
    case is NIOWebSocketError, is NIOWebSocketFrameAggregator.Error:
      fail(
        WeightsError(.serveFrame, "expected the frames of RFC 6455, found another order or form"),
        context)
    // What comes after an error is not read.
    case is ByteToMessageDecoderError: break
    default: context.close(promise: nil)
    }
  }

  private func take(_ data: ByteBuffer, _ context: ChannelHandlerContext) {
    core.service.countRequest()
    guard !core.isDraining else {
      fail(
        WeightsError(.serveDraining, .unavailable, "the server is being stopped"), context)
      return
    }
    let isFree = current == nil && !isSending
    guard isFree || waiting.count < core.limits.waitingCount else {
      fail(
        WeightsError(
          .serveTurn,
          "expected an observation after the answer to the one before it, found more than "
            + "\(core.limits.waitingCount) ahead of it"), context)
      return
    }
    waiting.append(Arrival(message: Array(data.readableBytesView), time: .now))
    startNext(context)
  }

  private func startNext(_ context: ChannelHandlerContext) {
    defer { noteBusiness() }
    guard current == nil, !isSending, !isClosing, !waiting.isEmpty else { return }
    let arrival = waiting.removeFirst()
    let request = ServiceRequest(
      arrival.message, arrival: arrival.time, allowing: core.limits.requestTime,
      previousTotal: previousTotal)
    current = request
    let connection = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let (service, loop) = (core.service, context.eventLoop)
    do throws(WeightsError) {
      try core.queue.add(request) {
        let result: Result<[UInt8], WeightsError>
        do throws(WeightsError) { result = .success(try service.answer(request)) } catch {
          result = .failure(error)
        }
        loop.execute { connection.value.0.finish(request, result, connection.value.1) }
      }
    } catch {
      current = nil
      fail(error, context)
      return
    }
    // The forward looks at the time after each of its parts; a client need not wait for that.
    timeout = loop.scheduleTask(in: TimeAmount(request.deadline - .now)) {
      let (handler, context) = connection.value
      if handler.current === request { handler.fail(request.timeout, context) }
    }
  }

  private func finish(
    _ request: ServiceRequest, _ result: Result<[UInt8], WeightsError>,
    _ context: ChannelHandlerContext
  ) {
    guard current === request else { return }
    current = nil
    timeout?.cancel()
    switch result {
    case .success(let answer):
      isSending = true
      let connection = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      send(.binary, ByteBuffer(bytes: answer), context).whenSuccess {
        let (handler, context) = connection.value
        handler.previousTotal = .now - request.arrival
        handler.isSending = false
        handler.startNext(context)
      }
    case .failure(let error): fail(error, context)
    }
  }

  /// Sends an error and closes the connection with status 1011, as openpi's server does.
  private func fail(_ error: WeightsError, _ context: ChannelHandlerContext) {
    guard !isClosing else { return }
    isClosing = true
    timeout?.cancel()
    if let current { core.queue.cancel(current) }
    (current, waiting, isSending) = (nil, [], false)
    noteBusiness()
    core.service.count(error)
    log.warning("refused", metadata: ["error": "\(error.code.rawValue): \(error.description)"])
    send(.text, ByteBuffer(string: error.wireText), context)
    var status = ByteBuffer()
    status.write(webSocketErrorCode: .unexpectedServerError)
    status.writeString(error.code.rawValue)
    send(.connectionClose, status, context)
    // What the client still sends must be taken, or the system discards the error with it.
    if error.code == .serveFlood || error.code == .serveMessageSize { watch.goDeaf() }
    close(after: core.limits.lingerTime, context)
  }

  /// Tells the client that the server stops.
  func goAway(_ context: ChannelHandlerContext) {
    guard !isClosing else { return }
    isClosing = true
    var status = ByteBuffer()
    status.write(webSocketErrorCode: .goingAway)
    send(.connectionClose, status, context)
    close(after: core.limits.lingerTime, context)
  }

  private func close(after time: Duration, _ context: ChannelHandlerContext) {
    let channel = context.channel
    context.eventLoop.scheduleTask(in: TimeAmount(time)) { channel.close(promise: nil) }
  }

  @discardableResult
  private func send(
    _ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext
  ) -> EventLoopFuture<Void> {
    let frame = WebSocketFrame(fin: true, opcode: opcode, data: data)
    let channel = context.channel
    let sent = context.writeAndFlush(Self.wrapOutboundOut(frame))
    // A client that takes nothing holds memory for that long and no longer.
    let limit = context.eventLoop.scheduleTask(in: TimeAmount(core.limits.sendTime)) {
      channel.close(promise: nil)
    }
    sent.whenComplete { _ in limit.cancel() }
    return sent
  }

  private func startPings(_ context: ChannelHandlerContext) {
    let connection = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let interval = TimeAmount(core.limits.pingInterval)
    pings = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
      let (handler, context) = connection.value
      guard ContinuousClock.now - handler.watch.lastByte < handler.core.limits.silence else {
        context.close(promise: nil)
        return
      }
      if context.channel.isWritable { handler.send(.ping, ByteBuffer(), context) }
    }
  }
}
