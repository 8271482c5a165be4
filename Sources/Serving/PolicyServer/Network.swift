import DVLADiagnostics
import DVLAFiles
import NIOCore
import NIOSSL

extension TimeAmount {
  init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }
}

extension SocketAddress {
  /// Address and port, such as `127.0.0.1:40112`.
  var place: String {
    guard let ipAddress, let port else { return "\(self)" }
    return ipAddress.contains(":") ? "[\(ipAddress)]:\(port)" : "\(ipAddress):\(port)"
  }

  /// Whether only programs of this machine reach it.
  var isLoopback: Bool {
    switch ipAddress {
    case let address? where address.hasPrefix("127."): true
    case "::1": true
    default: false
    }
  }
}

extension NIOSSLContext {
  /// - Throws: `serve.tls` for files that are no certificate and its key; `file.*`.
  convenience init(_ files: ServerOptions.TLSFiles) throws(WeightsError) {
    let chain = try readWholeFile(path: files.certificate, limit: Self.byteCountLimit)
    let key = try readWholeFile(path: files.key, limit: Self.byteCountLimit)
    do {
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMBytes(chain).map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem)))
      configuration.minimumTLSVersion = .tlsv12
      try self.init(configuration: configuration)
    } catch {
      throw WeightsError(
        .serveTLS, file: files.certificate,
        "expected a certificate chain in PEM that belongs to the private key in PEM in "
          + files.key.quoted)
    }
  }

  private static let byteCountLimit = 1 << 20
}

extension WeightsError.Code {
  /// The certificate or its key cannot be used.
  static let serveTLS = Self("serve.tls")
  /// More clients than the system allows open files for; HTTP 503: more than the server takes.
  static let serveConnections = Self("serve.connections")
  /// The server cannot listen at the address.
  static let serveAddress = Self("serve.address")
  /// Other machines could reach the server, and nothing says which of them it may answer.
  static let serveExposed = Self("serve.exposed")
}
