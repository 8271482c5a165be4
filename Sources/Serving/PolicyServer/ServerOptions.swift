/// Where a server listens and whom it answers.
public struct ServerOptions: Sendable {
  /// A certificate chain and its private key, both PEM.
  public struct TLSFiles: Sendable {
    public var certificate, key: String

    public init(certificate: String, key: String) {
      (self.certificate, self.key) = (certificate, key)
    }
  }

  public var host = "127.0.0.1"
  /// 0: any that is free.
  public var port = 8000
  /// Nil: no client is asked for a key.
  public var keys: APIKeys?
  /// Whether clients of other machines are answered although no key is asked for.
  public var allowsAnyone = false
  public var tls: TLSFiles?
  public var limits = ServerLimits()
  /// Most requests of all clients that wait or are being answered.
  public var queueLimit = 16

  public init() {}
}
