/// What a server grants its clients. `Limits.md` lists the numbers.
public struct ServerLimits: Sendable {
  /// Bytes of a message, in one frame or in several.
  public var messageByteCount = 64 << 20
  /// Frames that a message may be cut into.
  public var fragmentCount = 1024
  /// Connections over which observations come. As many others may be shaking hands or asking by
  /// HTTP; one more ends the oldest of them.
  public var connectionCount = 16
  /// Messages of one client that wait behind the one that is being answered.
  public var waitingCount = 1
  /// From the arrival of an observation to its answer.
  public var requestTime = Duration.seconds(600)
  /// From connecting to a complete handshake or HTTP request.
  public var handshakeTime = Duration.seconds(10)
  /// Bytes of a handshake or HTTP request, with TLS around it.
  public var handshakeByteCount = 64 << 10
  /// From the first byte of a message to its last.
  public var messageTime = Duration.seconds(60)
  /// Pings and pongs of a client: so many at once, and so many in a second for long.
  public var controlBurst = 200
  public var controlRate = 100.0
  /// For a client to take an answer.
  public var sendTime = Duration.seconds(60)
  /// Between the pings that the server sends.
  public var pingInterval = Duration.seconds(20)
  /// Without a byte from a client, not even the answer to a ping.
  public var silence = Duration.seconds(120)
  /// For a client to close its side after an error.
  public var lingerTime = Duration.seconds(2)

  public init() {}
}
