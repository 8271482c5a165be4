import ArgumentParser
import DVLABundles
import DVLADiagnostics
import DVLASigning

/// Which bundles a command takes.
struct TrustOptions: ParsableArguments {
  @Option(
    name: .customLong("public-key"), parsing: .singleValue,
    help: ArgumentHelp(
      "Accept only a bundle signed with this key (PEM). Repeat it to accept any of several.",
      valueName: "file"))
  var publicKeys: [String] = []

  @Option(
    help: ArgumentHelp(
      "The signature file (default: the bundle's name with .sig added).", valueName: "file"))
  var signature: String?

  @Option(
    help: ArgumentHelp(
      "Accept only this release or a later one. The release is part of the signature.",
      valueName: "release"))
  var minimumRelease: Int?

  mutating func validate() throws {
    if publicKeys.isEmpty, signature != nil || minimumRelease != nil {
      throw ValidationError("--signature and --minimum-release go with --public-key")
    }
    if let minimumRelease, !SignedStatement.releases.contains(minimumRelease) {
      throw ValidationError("--minimum-release \(minimumRelease): expected 1 to 2^53 - 1")
    }
  }

  /// - Throws: `key.*`, `file.*`.
  func keys() throws(WeightsError) -> [PublicKey] {
    var keys: [PublicKey] = []
    for path in publicKeys { keys.append(try PublicKey(path: path)) }
    return keys
  }

  /// What is read to know whom to trust.
  func inputs(ofBundle bundle: String) -> [String] {
    guard !publicKeys.isEmpty else { return [] }
    return publicKeys + [signature ?? VerifiedSignature.path(ofBundle: bundle)]
  }

  /// - Throws: `key.*`, `file.*`.
  func policy() throws(WeightsError) -> BundleTrust {
    publicKeys.isEmpty ? .any : .signed(by: try keys(), atLeast: minimumRelease)
  }
}
