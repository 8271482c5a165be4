import DVLABundles
public import DVLADiagnostics
import DVLAFiles
public import DVLASigning

/// The signing of a bundle that is there already.
public struct BundleSigning: Sendable {
  /// The signature file.
  public let path: String
  public let statement: SignedStatement

  /// Checks every byte of the bundle, then signs it.
  ///
  /// - Parameters:
  ///   - overwrite: whether a signature that is there already is replaced.
  ///   - allowsNonFinite: whether tensors with NaN or infinity are signed.
  /// - Throws: the first damage of a bundle that is not intact; `bundle.non-finite`;
  ///   `output.is-input` when the signature would replace the bundle; `signature.not-made`;
  ///   `file.*`.
  public static func sign(
    _ path: String, with options: SigningOptions, overwrite: Bool, allowsNonFinite: Bool = false,
    threads: Int, progress: @escaping WorkProgress.Handler = { _ in }
  ) throws(WeightsError) -> BundleSigning {
    let bundle = try WeightBundle(path: path)
    let output = try SignatureOutput(options, ofBundle: path, overwrite: overwrite)
    do throws(WeightsError) {
      let total = bundle.byteCount
      let verification = try bundle.verify(threads: threads) { (done) throws(WeightsError) in
        try progress(WorkProgress(phase: "verify", doneByteCount: done, totalByteCount: total))
      }
      if let damage = verification.damages.first { throw damage.error }
      if !allowsNonFinite, let values = verification.nonFinite.first {
        throw values.error(in: path)
      }
      let statement = try output.write(for: bundle, progress: progress)
      try output.file.commit()
      return BundleSigning(path: output.path, statement: statement)
    } catch {
      output.file.discard()
      throw error
    }
  }
}

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
    let hash = try opened.fileHash { (done) throws(WeightsError) in
      try progress(WorkProgress(phase: "sign", doneByteCount: done, totalByteCount: total))
    }
    let statement = SignedStatement(
      fileName: bundle.splitAtLastComponent.name, fileHash: hash, root: opened.root,
      release: options.release)
    let bytes = try SignatureFile(statement, by: options.key).bytes
    try file.write(unsafe bytes.span.bytes, at: 0)
    return statement
  }
}
