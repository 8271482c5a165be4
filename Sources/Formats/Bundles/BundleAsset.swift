public import DVLADiagnostics
public import DVLAHashing

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
          "asset \(second.name.quoted): expected it after \(first.name.quoted) in the order of "
            + "their bytes, each name once")
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
