import DVLADiagnostics
import DVLAFiles

/// A file about a bundle that lies beside it, or where the caller says.
struct BundleCompanion {
  let bundle: String
  let path: String
  /// Whether the caller named it.
  let isNamed: Bool

  /// - Parameter missing: the error where no file lies beside the bundle.
  /// - Throws: that; `file.*`.
  func read(
    limit: Int, missing: () -> WeightsError
  ) throws(WeightsError) -> [UInt8] {
    do throws(WeightsError) { return try readWholeFile(path: path, limit: limit) } catch {
      guard error.code == .fileNotFound, !isNamed else { throw error }
      // If the bundle is missing too, that is the clearer error.
      guard try FileIdentity(path: bundle) != nil else {
        var error = error
        error.file = bundle
        throw error
      }
      throw missing()
    }
  }
}
