import DVLADiagnostics
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

  /// Nil where the request is no handshake.
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

  /// The code, a colon, and what was expected.
  var words: String { "\(code.rawValue): \(expectation)" }

  private var code: WeightsError.Code {
    switch self {
    case .key: .serveKey
    case .origin: .serveOrigin
    case .draining: .serveDraining
    case .loading: .serveLoading
    case .full: .serveConnections
    case .form: .serveHandshake
    }
  }

  private var expectation: String {
    switch self {
    case .key: "expected the header Authorization: Api-Key with a key of this server"
    case .origin: "web pages are not answered; expected no Origin header"
    case .draining: "the server is being stopped"
    case .loading: "no sound bundle is loaded"
    case .full(let limit): "\(limit) clients are connected already, the limit"
    case .form: "expected a WebSocket handshake of version 13"
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

extension WeightsError.Code {
  /// HTTP 401: a client shows no key of the server.
  static let serveKey = Self("serve.key")
  /// HTTP 403: a handshake of a web page.
  static let serveOrigin = Self("serve.origin")
  /// HTTP 503: no bundle is loaded yet, or the one that is served is damaged.
  static let serveLoading = Self("serve.loading")
  /// HTTP 400: no sound WebSocket handshake.
  static let serveHandshake = Self("serve.handshake")
}
