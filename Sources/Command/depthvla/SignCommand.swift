import ArgumentParser
import DVLABundles
import DVLADiagnostics
import DVLASigning
import DepthVLAWeights

/// `depthvla sign`.
struct SignCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign",
    abstract: "Sign a bundle, so that robots can refuse all others.",
    usage: "depthvla sign <bundle> --key <file> [<options>]",
    discussion: """
      Examples:
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
        openssl pkey -in key.pem -pubout -out key.pub.pem
        depthvla sign robot.dvla.safetensors --key key.pem --release 7
        depthvla verify robot.dvla.safetensors --public-key key.pub.pem \\
          --minimum-release 7

      Every byte of the bundle is checked first, and every value must be finite. The signature is \
      a file beside the bundle with .sig added to its name, in the format of OpenSSF Model \
      Signing 1.0. Keys are Ed25519 or ECDSA P-256, P-384 or P-521; the OpenSSF tool accepts \
      ECDSA only.
      """)

  @Argument(help: "The bundle.")
  var bundle: String

  @OptionGroup(title: "Signing") var key: KeyOption
  @OptionGroup(title: "Signing") var keyOptions: SigningKeyOptions
  @OptionGroup(title: "Signing") var signing: SignatureOptions
  @OptionGroup var output: OutputOptions

  struct KeyOption: ParsableArguments {
    @Option(
      name: .customLong("key"), help: ArgumentHelp("The private key (PEM).", valueName: "file"))
    var path: String
  }

  /// The signature that is written.
  struct SignatureOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "The signature to write (default: the bundle's name with .sig added).", valueName: "file"))
    var signature: String?

    @Flag(help: "Sign even if tensors hold NaN or infinity.")
    var allowNonFinite = false

    @Flag(help: "Replace the signature if it exists.")
    var force = false
  }

  func run() throws {
    let options = try keyOptions.signing(withKey: key.path, to: signing.signature)
    try InputsOfCommand([key.path, keyOptions.passphraseFile])
      .protect(from: [signing.signature ?? VerifiedSignature.path(ofBundle: bundle)])
    let line = output.progress()
    defer { line?.finish() }
    let signed = try BundleSigning.sign(
      bundle, with: options, overwrite: signing.force, allowsNonFinite: signing.allowNonFinite,
      threads: output.threadCount,
      progress: { line?.update($0) })
    line?.finish()
    let report = SignatureReport(
      path: signed.path, key: options.key.publicKey, statement: signed.statement)
    try output.write(report.json(bundle: bundle), words: report.words("signed"))
  }
}
