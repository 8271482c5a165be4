import ArgumentParser
import DVLADiagnostics
import DVLASigning
import DepthVLAWeights

/// What goes with a private key.
struct SigningKeyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Sign as this release: 1 or more, higher than the last. Robots can refuse older releases.",
      valueName: "number"))
  var release: Int?

  @Option(
    help: ArgumentHelp(
      "A file whose first line is the passphrase of the key. There is no prompt for it.",
      valueName: "file"))
  var passphraseFile: String?

  mutating func validate() throws {
    if let release, !SignedStatement.releases.contains(release) {
      throw ValidationError("--release \(release): expected 1 to 2^53 - 1")
    }
  }

  var isGiven: Bool { release != nil || passphraseFile != nil }

  /// - Throws: `key.*`, `file.*`.
  func signing(
    withKey path: String, to signature: String? = nil
  ) throws(WeightsError) -> SigningOptions {
    SigningOptions(
      key: try PrivateKey(path: path, passphraseFile: passphraseFile), release: release,
      path: signature)
  }
}
