import DVLADiagnostics
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
  /// - Throws: `serve.tls` for files that are no certificate and its key.
  convenience init(_ files: ServerOptions.TLSFiles) throws(WeightsError) {
    do {
      let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
      let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
      configuration.minimumTLSVersion = .tlsv12
      try self.init(configuration: configuration)
    } catch {
      throw WeightsError(
        .serveTLS, .malformed, file: files.certificate,
        "expected a certificate chain in PEM, and its private key in \(files.key.quoted): \(error)")
    }
  }
}

extension WeightsError.Code {
  /// The certificate or its key cannot be used.
  static let serveTLS = Self("serve.tls")
  /// The server cannot listen at the address.
  static let serveAddress = Self("serve.address")
  /// Other machines could reach the server, and nothing says which of them it may answer.
  static let serveExposed = Self("serve.exposed")
}
