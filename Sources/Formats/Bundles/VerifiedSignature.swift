public import DVLADiagnostics
import DVLAFiles
public import DVLAHashing
public import DVLASigning

/// Which bundles a program opens.
public enum BundleTrust: Sendable {
  /// Any sound one, signed or not.
  case any
  /// Those signed with one of the keys, and of that release or a later one. With a release, a
  /// bundle signed without one is refused.
  case signed(by: [PublicKey], atLeast: Int? = nil)

  /// The same, but of bundles with a release none older than this one is opened.
  ///
  /// - Parameter release: nil changes nothing.
  public func raised(to release: Int?) -> BundleTrust {
    guard let release, case .signed(let keys, let least) = self else { return self }
    return .signed(by: keys, atLeast: max(least ?? release, release))
  }

  /// The signature that the policy asks for, verified; nil where it asks for none.
  ///
  /// - Throws: as ``VerifiedSignature/init(ofBundle:in:trusting:atLeast:)``.
  func signature(
    ofBundle path: String, in file: String?
  ) throws(WeightsError) -> VerifiedSignature? {
    switch self {
    case .any: nil
    case .signed(let keys, let release):
      try VerifiedSignature(ofBundle: path, in: file, trusting: keys, atLeast: release)
    }
  }
}

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
    path = file ?? Self.path(ofBundle: bundle)
    let bytes: [UInt8]
    do throws(WeightsError) {
      bytes = try readWholeFile(path: path, limit: SignatureFile.byteCountLimit)
    } catch {
      // If the bundle is missing too, that is the clearer error.
      guard error.code == .fileNotFound, file == nil, try FileIdentity(path: bundle) != nil else {
        throw file == nil && error.code == .fileNotFound ? error.notFound(bundle) : error
      }
      throw WeightsError(
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

extension WeightsError {
  /// The error of a signature file that is about the bundle.
  fileprivate func notFound(_ bundle: String) -> WeightsError {
    var error = self
    error.file = bundle
    return error
  }
}
