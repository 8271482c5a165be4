public import DVLASigning

/// How a bundle is signed.
public struct SigningOptions: Sendable {
  public var key: PrivateKey
  /// One of ``SignedStatement/releases``; nil for a bundle that replaces no other.
  public var release: Int?
  /// Where the signature goes; beside the bundle by default.
  public var path: String?

  public init(key: PrivateKey, release: Int? = nil, path: String? = nil) {
    self.key = key
    self.release = release
    self.path = path
  }
}
