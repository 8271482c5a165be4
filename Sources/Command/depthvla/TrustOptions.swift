import ArgumentParser
import DVLABundles
import DVLADiagnostics
import DVLAGates
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

  @Option(
    name: .customLong("require-gate"), parsing: .singleValue,
    help: ArgumentHelp(
      """
      Accept only a bundle with a passed gate that this key (PEM) signed. Repeat it to accept any \
      of several.
      """, valueName: "file"))
  var gateKeys: [String] = []

  @Option(
    name: .customLong("gate"),
    help: ArgumentHelp(
      "The gate's statement (default: the bundle's name with .gate added).", valueName: "file"))
  var gateFile: String?

  @Option(
    help: ArgumentHelp(
      "Accept only a gate whose budget is no weaker than this one.", valueName: "file"))
  var gateBudget: String?

  mutating func validate() throws {
    if publicKeys.isEmpty, signature != nil || minimumRelease != nil {
      throw ValidationError("--signature and --minimum-release go with --public-key")
    }
    if gateKeys.isEmpty, gateFile != nil || gateBudget != nil {
      throw ValidationError("--gate and --gate-budget go with --require-gate")
    }
    if let minimumRelease, !SignedStatement.releases.contains(minimumRelease) {
      throw ValidationError("--minimum-release \(minimumRelease): expected 1 to 2^53 - 1")
    }
  }

  /// What is read to know whom to trust.
  func inputs(ofBundle bundle: String) -> [String] {
    var inputs: [String] = []
    if !publicKeys.isEmpty {
      inputs += publicKeys + [signature ?? VerifiedSignature.path(ofBundle: bundle)]
    }
    if !gateKeys.isEmpty {
      inputs += gateKeys + [gateFile ?? GateFile.path(ofBundle: bundle)]
      if let gateBudget { inputs.append(gateBudget) }
    }
    return inputs
  }

  /// - Throws: `key.*`, `file.*`, `json.*`, `budget.*`.
  func policy() throws(WeightsError) -> BundleTrust {
    BundleTrust(
      signature: publicKeys.isEmpty
        ? nil
        : BundleTrust.SignatureRequirement(
          keys: try Self.keys(at: publicKeys), leastRelease: minimumRelease),
      gate: gateKeys.isEmpty
        ? nil
        : GateRequirement(
          keys: try Self.keys(at: gateKeys),
          budget: try gateBudget.map { (path) throws(WeightsError) in try Budget(path: path) },
          file: gateFile))
  }

  private static func keys(at paths: [String]) throws(WeightsError) -> [PublicKey] {
    var keys: [PublicKey] = []
    for path in paths { keys.append(try PublicKey(path: path)) }
    return keys
  }
}
