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
  public init(
    of path: String, with options: SigningOptions, overwrite: Bool, allowsNonFinite: Bool = false,
    threads: Int, progress: @escaping WorkProgress.Handler = { _ in }
  ) throws(WeightsError) {
    let bundle = try WeightBundle(path: path)
    let output = try SignatureOutput(options, ofBundle: path, overwrite: overwrite)
    do throws(WeightsError) {
      let total = bundle.byteCount
      let verification = try bundle.verify(threads: threads) { done in
        progress(WorkProgress(phase: "verify", doneByteCount: done, totalByteCount: total))
      }
      if let damage = verification.damages.first { throw damage.error }
      if !allowsNonFinite, let values = verification.nonFinite.first {
        throw values.error(in: path)
      }
      self.path = output.path
      statement = try output.write(for: bundle, progress: progress)
      try output.file.commit()
    } catch {
      output.file.discard()
      throw error
    }
  }
}
