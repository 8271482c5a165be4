import NIOHTTP1

/// Why a WebSocket handshake is refused.
enum HandshakeProblem {
  case key
  case origin
  case draining
  case loading
  case full(Int)
  /// No sound handshake of version 13 of the protocol.
  case form

  /// Nil where the request is no handshake, or one that is taken.
  ///
  init?(_ head: HTTPRequestHead, _ core: ServerCore) {
    guard head.isHandshake else { return nil }
    self =
      Self.problem(of: head, core) ?? (core.isFull ? .full(core.limits.connectionCount) : .form)
  }

  /// The first rule that is broken before a place is taken; nil where there is none.
  static func problem(of head: HTTPRequestHead, _ core: ServerCore) -> Self? {
    if !head.isSoundHandshake { return .form }
    // Only browsers send an origin. A page of anyone's must not reach a robot on the same machine.
    if head.headers.contains(name: "Origin") { return .origin }
    if !core.isAllowed(head) { return .key }
    if core.isDraining { return .draining }
    return core.isReady ? nil : .loading
  }

  var status: HTTPResponseStatus {
    switch self {
    case .key: .unauthorized
    case .origin: .forbidden
    case .draining, .loading, .full: .serviceUnavailable
    case .form: .badRequest
    }
  }

  var words: String {
    switch self {
    case .key: "serve.key: expected the header Authorization: Api-Key with a key of this server"
    case .origin: "serve.origin: web pages are not answered; expected no Origin header"
    case .draining: "serve.draining: the server is being stopped"
    case .loading: "serve.loading: no sound bundle is loaded"
    case .full(let limit): "serve.connections: \(limit) clients are connected already, the limit"
    case .form: "serve.handshake: expected a WebSocket handshake of version 13"
    }
  }

  var headers: [(name: String, value: String)] {
    switch self {
    case .key: [("WWW-Authenticate", "Api-Key")]
    case .draining, .loading, .full: [("Retry-After", "1")]
    case .origin: []
    case .form: [("Sec-WebSocket-Version", "13")]
    }
  }
}

extension HTTPRequestHead {
  /// Whether a connection to a policy is asked for.
  fileprivate var isHandshake: Bool {
    headers[canonicalForm: "Upgrade"].contains { $0.lowercased() == "websocket" }
  }
}

extension HTTPRequestHead {
  /// Whether it has everything that RFC 6455 demands of it, section 4.2.1.
  fileprivate var isSoundHandshake: Bool {
    let key = headers["Sec-WebSocket-Key"]
    return method == .GET && version == .http1_1 && headers["Host"].count == 1
      && headers[canonicalForm: "Connection"].contains { $0.lowercased() == "upgrade" }
      && headers["Sec-WebSocket-Version"] == ["13"]
      // Sixteen bytes in Base64.
      && key.count == 1 && key[0].utf8.count == 24 && key[0].hasSuffix("==")
  }
}

extension ServerCore {
  /// Whether a request shows a key, where one is asked for.
  func isAllowed(_ head: HTTPRequestHead) -> Bool {
    guard let keys = options.keys else { return true }
    let shown = head.headers["Authorization"]
    return shown.count == 1 && keys.allow(shown[0])
  }
}
