import ArgumentParser

/// The key that `convert` signs its bundle with.
struct BundleSigningOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Sign the bundle with this private key (PEM). The signature is written beside it.",
      valueName: "key"))
  var sign: String?

  @OptionGroup var key: SigningKeyOptions

  func validate() throws {
    if sign == nil, key.isGiven {
      throw ValidationError("--release and --passphrase-file go with --sign")
    }
  }
}
