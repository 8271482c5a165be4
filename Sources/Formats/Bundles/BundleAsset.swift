public import DVLADiagnostics
public import DVLAHashing
import DVLATensors

/// A file that a model needs beside its weights and that travels in the bundle: part of a
/// tokenizer, the settings of a preprocessor, statistics that normalise states and actions.
public struct BundleAsset: Sendable, Hashable {
  /// What the file is for.
  public enum Role: String, Sendable, Hashable, CaseIterable {
    /// The pieces and rules of a tokenizer: `tokenizer.model`, `tokenizer.json`.
    case tokenizer
    /// What a library keeps beside them: `tokenizer_config.json`, `special_tokens_map.json`, …
    case tokenizerConfiguration = "tokenizer-configuration"
    /// How inputs are prepared or outputs finished: `preprocessor_config.json`, …
    case preprocessor
    /// Statistics of a data set: `norm_stats.json`, `stats.json`, …
    case statistics
    /// How a library generates text: `generation_config.json`. It travels for the way back.
    case generation
    /// What a policy's robot sends and takes: `robot.json`.
    case robot
  }

  /// The model the file belongs to: the family of the source it came with. Two sources of a
  /// composite may have files of one name.
  public let family: String
  /// The name of the file where it came from, which it gets again when it is exported.
  public let fileName: String
  public let role: Role
  public let byteCount: Int
  /// SHA-256 of the file.
  public let sha256: Digest
  /// Where the file was: its path below the folder of the source, or the name of the file that
  /// was given.
  public let source: String

  /// Unique in the bundle: family and file name, such as `paligemma.tokenizer.model`.
  public var name: String { family + "." + fileName }

  /// The asset that a file becomes which is about to be written.
  public init(_ plan: BundleAssetPlan, sha256: Digest) {
    family = plan.family
    fileName = plan.fileName
    role = plan.role
    byteCount = plan.byteCount
    source = plan.source
    self.sha256 = sha256
  }
}

/// A file that will be written to a bundle.
public struct BundleAssetPlan: Sendable, Hashable {
  public let family: String
  public let fileName: String
  public let role: BundleAsset.Role
  public let byteCount: Int
  public let source: String

  /// Unique in the bundle: family and file name.
  public var name: String { family + "." + fileName }

  public init(
    family: String, fileName: String, role: BundleAsset.Role, byteCount: Int, source: String
  ) {
    self.family = family
    self.fileName = fileName
    self.role = role
    self.byteCount = byteCount
    self.source = source
  }

  /// Checks the assets of a bundle against the rules of the format.
  ///
  /// - Throws: `bundle.asset-count`, `bundle.asset-name`, `bundle.asset-size`,
  ///   `bundle.asset-order`.
  public static func check(_ assets: [BundleAssetPlan]) throws(WeightsError) {
    guard assets.count <= BundleLayout.assetCount else {
      throw WeightsError(
        .bundleAssetCount, .malformed,
        "expected at most \(BundleLayout.assetCount) assets, found \(assets.count)")
    }
    for asset in assets { try asset.check() }
    for (first, second) in zip(assets, assets.dropFirst()) {
      guard first.name.utf8.lexicographicallyPrecedes(second.name.utf8) else {
        throw WeightsError(
          .bundleAssetOrder, .malformed,
          "asset \(second.name.quoted): assets must be sorted by name without duplicates, but it "
            + "follows \(first.name.quoted)")
      }
    }
  }

  private func check() throws(WeightsError) {
    for (what, text) in [("family", family), ("file name", fileName)] {
      guard Self.isPlain(text) else {
        throw WeightsError(
          .bundleAssetName, .malformed,
          "asset \(name.quoted): expected a \(what) of 1 to \(BundleLayout.assetNameByteCount) "
            + "bytes without slashes and invisible characters, found \(text.quoted)")
      }
    }
    guard 1...BundleLayout.assetByteCount ~= byteCount else {
      throw WeightsError(
        .bundleAssetSize, .malformed,
        "asset \(name.quoted): expected 1 to \(BundleLayout.assetByteCount) bytes, found "
          + "\(byteCount)")
    }
  }

  /// Whether the text can name a file in any folder.
  private static func isPlain(_ text: String) -> Bool {
    1...BundleLayout.assetNameByteCount ~= text.utf8.count && text != "." && text != ".."
      && text.unicodeScalars.allSatisfy { $0 != "/" && !isInvisible($0) }
  }

  /// As in the names of tensors, of which an asset's becomes one.
  private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}

extension WeightBundle {
  /// The assets of that role, in the order of the file.
  public func assets(_ role: BundleAsset.Role) -> [BundleAsset] {
    assets.filter { $0.role == role }
  }

  /// The file itself. Each chunk is checked as ``read(_:at:into:)`` checks it, then the whole
  /// against the SHA-256 of the asset.
  ///
  /// An asset has 256 MiB at most, which opening has checked.
  ///
  /// - Throws: `bundle.asset-unknown` for an asset of another bundle; `bundle.asset-hash`; for
  ///   damaged bytes as ``read(_:at:into:)``; `zstd.memory`; `file.*`.
  public func bytes(of asset: BundleAsset) throws(WeightsError) -> [UInt8] {
    guard let index = assets.firstIndex(of: asset) else {
      throw WeightsError(
        .bundleAssetUnknown, .notFound, file: path,
        "the bundle has no asset \(asset.name.quoted)")
    }
    let row = assetTensors[index]
    var reader = try ChunkReader(check)
    var bytes = [UInt8](repeating: 0, count: asset.byteCount)
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    try reader.read(row, at: 0, in: file, into: &raw)
    try check(SHA256.hash(bytes), of: asset)
    return bytes
  }

  /// Checks an asset as ``bytes(of:)`` does, a chunk at a time: a file of some kilobytes can decode
  /// to 256 MiB.
  ///
  /// - Parameter row: where the bytes of the asset are.
  func check(_ asset: BundleAsset, in row: BundleTensor) throws(WeightsError) {
    var reader = try ChunkReader(check)
    var hash = SHA256()
    var bytes = [UInt8](repeating: 0, count: BundleLayout.chunkByteCount)
    for chunk in row.chunks {
      var span = bytes.mutableSpan
      var raw = unsafe span.mutableBytes
      var target = raw._mutatingExtracting(0..<chunk.byteRange.count)
      try reader.read(row, at: chunk.byteRange.lowerBound, in: file, into: &target)
      hash.update(unsafe bytes.span.bytes.extracting(0..<chunk.byteRange.count))
    }
    try check(hash.finalize(), of: asset)
  }

  private func check(_ digest: Digest, of asset: BundleAsset) throws(WeightsError) {
    guard digest == asset.sha256 else {
      throw WeightsError(
        .bundleAssetHash, .malformed, file: path,
        "asset \(asset.name.quoted): expected SHA-256 \(asset.sha256) of its \(asset.byteCount) "
          + "bytes, found \(digest)")
    }
  }
}
