import DVLADiagnostics
public import DVLASigning

/// Which bundles a program opens.
public enum BundleTrust: Sendable {
  /// Any sound one, signed or not.
  case any
  /// Those signed with one of the keys, and of that release or a later one. With a release, a
  /// bundle signed without one is refused.
  case signed(by: [PublicKey], atLeast: Int? = nil)

  /// The signature that the policy asks for, verified; nil where it asks for none.
  ///
  /// - Throws: as ``VerifiedSignature/init(ofBundle:in:trusting:atLeast:)``.
  func signature(
    ofBundle path: String, in file: String?
  ) throws(WeightsError) -> VerifiedSignature? {
    switch self {
    case .any: nil
    case .signed(let keys, let release):
      try VerifiedSignature(ofBundle: path, in: file, trusting: keys, atLeast: release)
    }
  }
}
