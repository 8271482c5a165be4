public import DVLADiagnostics
import DVLAFiles
public import DVLAHashing
public import DVLASigning

/// A signature that a trusted key made of one file with the bundle's name. ``check(root:)`` and
/// ``check(fileHash:)`` decide whether it is the signature of this bundle.
public struct VerifiedSignature: Sendable {
  /// The signature file.
  public let path: String
  public let key: PublicKey
  public let statement: SignedStatement

  /// Where the signature of a bundle is unless something else is said: the bundle's own path and
  /// `.sig`.
  public static func path(ofBundle path: String) -> String { path + ".sig" }

  /// Reads and verifies the signature of a bundle, before a byte of the bundle is read.
  ///
  /// - Parameters:
  ///   - file: the signature file; beside the bundle by default.
  ///   - release: the oldest release that will do.
  /// - Throws: `signature.missing` when none lies beside the bundle; as ``SignatureFile/init(_:)``
  ///   and ``SignatureFile/verify(trusting:)``; `signature.files`, `signature.release`; `file.*`.
  public init(
    ofBundle bundle: String, in file: String? = nil, trusting keys: [PublicKey],
    atLeast release: Int? = nil
  ) throws(WeightsError) {
    let path = file ?? Self.path(ofBundle: bundle)
    self.path = path
    let companion = BundleCompanion(bundle: bundle, path: path, isNamed: file != nil)
    let bytes = try companion.read(limit: SignatureFile.byteCountLimit) {
      WeightsError(
        .signatureMissing, .checkFailed, file: bundle,
        "is not signed: the signature file \(path.quoted) does not exist")
    }
    do throws(WeightsError) {
      (statement, key) = try SignatureFile(bytes).verify(trusting: keys)
      try statement.check(fileNameOf: bundle)
      if let release { try statement.check(atLeast: release) }
    } catch {
      throw error.inFile(path)
    }
  }

  /// - Throws: `signature.other-bundle` when the root hash that was signed is another. A signature
  ///   without a root hash passes.
  public func check(root: Digest) throws(WeightsError) {
    guard let signed = statement.root, signed != root else { return }
    throw WeightsError(
      .signatureOtherBundle, .checkFailed, file: path,
      "signs another bundle: its root hash is \(signed), this bundle's is \(root)")
  }

  /// - Throws: `signature.file-hash` when the signed root hash was right and the file is another
  ///   all the same; `signature.other-bundle` when no root hash was signed.
  public func check(fileHash: Digest) throws(WeightsError) {
    guard statement.fileHash != fileHash else { return }
    if statement.root == nil {
      throw WeightsError(
        .signatureOtherBundle, .checkFailed, file: path,
        "signs another file: its SHA-256 is \(statement.fileHash), this file's is \(fileHash)")
    }
    throw WeightsError(
      .signatureFileHash, .checkFailed, file: path,
      "names the right root hash but another SHA-256 of the whole file: \(statement.fileHash), the "
        + "file has \(fileHash)")
  }
}

extension SignedStatement {
  fileprivate func check(fileNameOf bundle: String) throws(WeightsError) {
    guard let fileName, fileName != bundle.splitAtLastComponent.name else { return }
    throw WeightsError(
      .signatureFiles, .checkFailed,
      "is a signature of another file: expected \(bundle.splitAtLastComponent.name.quoted), found "
        + fileName.quoted)
  }

  fileprivate func check(atLeast least: Int) throws(WeightsError) {
    if let release, release >= least { return }
    throw WeightsError(
      .signatureRelease, .checkFailed,
      "expected release \(least) or a later one, found "
        + (release.map { "release \($0)" } ?? "a signature without a release"))
  }
}
