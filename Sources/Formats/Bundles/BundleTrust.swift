public import DVLADiagnostics
public import DVLASigning

/// Which bundles a program opens: those that meet every requirement that is set.
public struct BundleTrust: Sendable {
  /// Whose signature is needed; nil: none.
  public struct SignatureRequirement: Sendable {
    /// One of these made the signature.
    public var keys: [PublicKey]
    /// The oldest release that will do. With one, a bundle signed without a release is refused.
    public var leastRelease: Int?

    public init(keys: [PublicKey], leastRelease: Int? = nil) {
      self.keys = keys
      self.leastRelease = leastRelease
    }
  }

  public var signature: SignatureRequirement?
  /// Which passed gate is needed; nil: none.
  public var gate: GateRequirement?

  public init(signature: SignatureRequirement? = nil, gate: GateRequirement? = nil) {
    self.signature = signature
    self.gate = gate
  }

  /// Any sound one, signed or not.
  public static let any = BundleTrust()

  /// Those signed with one of the keys, and of that release or a later one. With a release, a
  /// bundle signed without one is refused.
  public static func signed(by keys: [PublicKey], atLeast release: Int? = nil) -> BundleTrust {
    BundleTrust(signature: SignatureRequirement(keys: keys, leastRelease: release))
  }

  /// Those that passed a gate, signed or not.
  public static func gated(_ requirement: GateRequirement) -> BundleTrust {
    BundleTrust(gate: requirement)
  }

  /// The same, but only those that also passed a gate.
  public func gated(_ requirement: GateRequirement) -> BundleTrust {
    var copy = self
    copy.gate = requirement
    return copy
  }

  /// Whether anything at all is required.
  public var isSelective: Bool { signature != nil || gate != nil }

  /// The same, but of bundles with a release none older than this one is opened.
  ///
  /// - Parameter release: nil changes nothing.
  public func raised(to release: Int?) -> BundleTrust {
    guard let release, signature != nil else { return self }
    var copy = self
    copy.signature?.leastRelease = max(signature?.leastRelease ?? release, release)
    return copy
  }

  /// The signature that the policy asks for, verified; nil where it asks for none.
  ///
  /// - Throws: as ``VerifiedSignature/init(ofBundle:in:trusting:atLeast:)``.
  public func signature(
    ofBundle path: String, in file: String?
  ) throws(WeightsError) -> VerifiedSignature? {
    guard let signature else { return nil }
    return try VerifiedSignature(
      ofBundle: path, in: file, trusting: signature.keys, atLeast: signature.leastRelease)
  }

  /// The gate's statement that the policy asks for, verified; nil where it asks for none.
  ///
  /// - Throws: as ``VerifiedGate/init(ofBundle:under:)``.
  public func gate(ofBundle path: String) throws(WeightsError) -> VerifiedGate? {
    guard let gate else { return nil }
    return try VerifiedGate(ofBundle: path, under: gate)
  }
}
