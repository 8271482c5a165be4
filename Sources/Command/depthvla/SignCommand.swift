import ArgumentParser
import DVLABundles
import DVLADiagnostics
import DVLASigning
import DepthVLAWeights

/// `depthvla sign`.
struct SignCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign",
    abstract: "Signs a bundle, so that robots can refuse all others.",
    discussion: """
      Examples:
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
        openssl pkey -in key.pem -pubout -out key.pub.pem
        depthvla sign robot.dvla.safetensors --key key.pem --release 7
        depthvla verify robot.dvla.safetensors --public-key key.pub.pem \\
          --minimum-release 7

      Every byte of the bundle is checked first, and that all values are finite. The signature is a file beside it, named like it \
      with .sig behind, in the format of OpenSSF Model Signing 1.0. Keys are Ed25519 or ECDSA \
      P-256, P-384 or P-521; the OpenSSF tool takes only ECDSA.
      """)

  @Argument(help: "The bundle.")
  var bundle: String

  @Option(help: ArgumentHelp("The private key (PEM).", valueName: "file"))
  var key: String

  @OptionGroup var keyOptions: SigningKeyOptions

  @Option(
    help: ArgumentHelp(
      "Where the signature goes (default: the bundle's name and .sig).", valueName: "file"))
  var signature: String?

  @Flag(help: "Sign although tensors hold NaN or infinity.")
  var allowNonFinite = false

  @Flag(help: "Replace the signature if it exists.")
  var force = false

  @OptionGroup var output: OutputOptions

  func run() throws {
    let options = try keyOptions.signing(withKey: key, to: signature)
    try InputsOfCommand([key, keyOptions.passphraseFile])
      .protect(from: [signature ?? VerifiedSignature.path(ofBundle: bundle)])
    let line = output.progress()
    defer { line?.finish() }
    let signing = try BundleSigning.sign(
      bundle, with: options, overwrite: force, allowsNonFinite: allowNonFinite,
      threads: output.threadCount,
      progress: { line?.update($0) })
    line?.finish()
    let report = SignatureReport(
      path: signing.path, key: options.key.publicKey, statement: signing.statement)
    try output.write(report.json(bundle: bundle), words: report.words("signed"))
  }
}
