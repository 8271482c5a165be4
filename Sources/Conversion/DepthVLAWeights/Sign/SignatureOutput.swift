import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLASigning

/// The signature file of a bundle, which appears whole or not at all.
struct SignatureOutput {
  let options: SigningOptions
  let path: String
  private let bundle: String
  let file: AtomicOutputFile

  /// - Parameter bundle: the path the bundle has, or will have.
  /// - Throws: `output.is-input` where the signature would replace the bundle; what creating the
  ///   file throws.
  init(_ options: SigningOptions, ofBundle bundle: String, overwrite: Bool) throws(WeightsError) {
    self.options = options
    self.bundle = bundle
    path = options.path ?? VerifiedSignature.path(ofBundle: bundle)
    if try isSamePlace(path, bundle) {
      throw InputProtection.refusal(output: path, is: "the bundle that is signed")
    }
    file = try AtomicOutputFile(path: path, overwrite: overwrite)
  }

  /// Signs a bundle whose every byte was found right. The signature does not have its name yet.
  ///
  /// - Throws: `signature.not-made`, `file.*`.
  func write(
    for opened: WeightBundle, progress: WorkProgress.Handler
  ) throws(WeightsError) -> SignedStatement {
    let total = opened.byteCount
    let hash = try opened.fileHash { done in
      progress(WorkProgress(phase: "sign", doneByteCount: done, totalByteCount: total))
    }
    let statement = SignedStatement(
      fileName: bundle.splitAtLastComponent.name, fileHash: hash, root: opened.root,
      release: options.release)
    let bytes = try SignatureFile(statement, by: options.key).bytes
    try file.write(unsafe bytes.span.bytes, at: 0)
    return statement
  }
}
