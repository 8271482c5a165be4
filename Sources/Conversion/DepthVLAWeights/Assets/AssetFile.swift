import DVLABundles
public import DVLADiagnostics
import DVLAFiles
import DVLAHashing

/// A file that travels in a bundle. It is opened once, before the bundle is begun.
struct AssetFile: Sendable {
  let plan: BundleAssetPlan
  /// Whether the user named it, rather than that it lay beside the weights.
  let isGiven: Bool
  /// Whether `run` can use it.
  let isReadable: Bool
  /// Whether other files are part of it, by their names.
  let refersToStateFiles: Bool
  private let contents: Contents
  /// Of the bytes that were first read.
  let sha256: Digest

  private enum Contents {
    case file(InputFile)
    /// Made of tensors of the file at that path.
    case made([UInt8], path: String)
  }

  var path: String {
    switch contents {
    case .file(let file): file.path
    case .made(_, let path): path
    }
  }

  /// A file that is made of what a source has elsewhere, or of what is known here.
  ///
  /// - Throws: what is wrong with its contents, as ``AssetContent/read(_:role:fileName:)``;
  ///   `bundle.asset-name`.
  init(
    made bytes: [UInt8], path: String, family: String, fileName: String, role: BundleAsset.Role,
    source: String, isGiven: Bool = false
  ) throws(WeightsError) {
    self.isGiven = isGiven
    contents = .made(bytes, path: path)
    sha256 = SHA256.hash(bytes)
    refersToStateFiles = false
    (isReadable, plan) = try inFile(path) { () throws(WeightsError) in
      let content = try AssetContent.read(bytes, role: role, fileName: fileName)
      let plan = BundleAssetPlan(
        family: family, fileName: fileName, role: role, byteCount: bytes.count, source: source)
      try BundleAssetPlan.check([plan])
      return (content.isReadable, plan)
    }
  }

  /// - Parameters:
  ///   - fileName: the name upstream libraries know it by; nil: the one for its role and form.
  ///   - name: its own.
  /// - Throws: `convert.asset-size` when the file is empty or larger than a bundle allows; what is
  ///   wrong with its contents, as ``AssetContent/read(_:role:fileName:)``; `bundle.asset-name`.
  init(
    _ file: InputFile, family: String, fileName: String?, name: String, role: BundleAsset.Role,
    source: String, isGiven: Bool
  ) throws(WeightsError) {
    guard 1...BundleLayout.assetByteCount ~= file.byteCount else {
      throw WeightsError(
        .convertAssetSize, file: file.path,
        "has \(file.byteCount) bytes; an asset must have 1 to \(BundleLayout.assetByteCount)")
    }
    self.isGiven = isGiven
    contents = .file(file)
    (sha256, isReadable, refersToStateFiles, plan) = try inFile(file.path) {
      () throws(WeightsError) in
      let bytes = try file.bytes(at: 0, count: file.byteCount)
      let (content, isReadable) = try AssetContent.read(bytes, role: role, fileName: fileName)
      let plan = BundleAssetPlan(
        family: family, fileName: fileName ?? content.canonicalName(name, role: role), role: role,
        byteCount: file.byteCount, source: source)
      try BundleAssetPlan.check([plan])
      return (
        SHA256.hash(bytes), isReadable, content == .settings(refersToStateFiles: true), plan
      )
    }
  }

  /// All of it.
  ///
  /// - Throws: `file.changed` when the file was written to since it was opened; `file.*`.
  func bytes() throws(WeightsError) -> [UInt8] {
    let file: InputFile
    switch contents {
    case .made(let bytes, _): return bytes
    case .file(let opened): file = opened
    }
    let bytes = try file.bytes(at: 0, count: file.byteCount)
    try file.checkUnchanged()
    // A program that writes to a file can set its time back.
    guard SHA256.hash(bytes) == sha256 else {
      throw WeightsError(
        .fileChanged, .inputOutput, file: path,
        "changed while the command ran; run it again")
    }
    return bytes
  }
}

extension WeightsError.Code {
  /// An asset that is empty or larger than a bundle allows.
  public static let convertAssetSize = Self("convert.asset-size")
}
