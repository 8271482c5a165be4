public import BundleFormat
public import Diagnostics
import Images
public import Normalization
public import Tokenization

/// The files that a policy needs beside its weights. Those that are given take the place of the
/// bundle's own.
public struct PolicyAssets: Sendable {
  /// Nil where there is none: instructions cannot be read.
  public let tokenizer: Tokenizer?
  /// What errors call it: a file that was given, or the bundle.
  let tokenizerPlace: String
  /// Of states and of actions; nil where there are none: both are the model's own numbers.
  public let state: PolicyStatistics?
  public let action: PolicyStatistics?
  /// Settings of the VLM's pictures, and the depth encoder's normalisation; nil: as published.
  let vision: VisionProcessor?
  let depthNormalization: PixelNormalization?

  /// - Parameters:
  ///   - tokenizer: contents and name of a `tokenizer.model` or `tokenizer.json`.
  ///   - statistics: contents and name of a file of statistics.
  /// - Throws: what reading an asset, a tokenizer, statistics or preprocessor settings throws;
  ///   `policy.assets` where statistics contradict each other.
  public init(
    _ bundle: Bundle, tokenizer: (contents: [UInt8], name: String)? = nil,
    statistics: (contents: [UInt8], name: String)? = nil
  ) throws(WeightsError) {
    tokenizerPlace = tokenizer?.name ?? bundle.path
    self.tokenizer =
      if let tokenizer {
        try Self.tokenizer(tokenizer.contents, tokenizer.name)
      } else {
        try Self.tokenizer(of: bundle)
      }
    var known: [PolicyStatistics] = []
    if let statistics {
      known = [try PolicyStatistics(contents: statistics.contents, fileName: statistics.name)]
    } else {
      for asset in bundle.assets(.statistics) {
        known.append(
          try bundle.reading(asset) { (bytes) throws(WeightsError) in
            try PolicyStatistics(contents: bytes, fileName: asset.name)
          })
      }
    }
    state = try Self.only(known, bundle, "states", \.state)
    action = try Self.only(known, bundle, "actions", \.action)
    (vision, depthNormalization) = try PictureSettings.read(bundle)
  }

  private static func tokenizer(
    _ contents: [UInt8], _ name: String
  ) throws(WeightsError) -> Tokenizer {
    do throws(WeightsError) {
      // No SentencePiece model begins with a brace, whatever it is called.
      return name.hasSuffix(".json") || contents.first == UInt8(ascii: "{")
        ? try Tokenizer(tokenizerJSON: contents) : try Tokenizer(sentencePieceModel: contents)
    } catch { throw error.inFile(name) }
  }

  /// Of the bundle's own family where that has one; the smaller and quicker of the two forms where
  /// it has both.
  private static func tokenizer(of bundle: Bundle) throws(WeightsError) -> Tokenizer? {
    let all = bundle.assets(.tokenizer)
    let family = bundle.ordered(BundlePreprocessors.policies)
      .first { family in all.contains { $0.family == family } }
    let assets = all.filter { $0.family == family }
    guard let asset = assets.first(where: { $0.fileName.hasSuffix(".model") }) ?? assets.first
    else { return nil }
    return try bundle.reading(asset) { (bytes) throws(WeightsError) in
      try tokenizer(bytes, asset.fileName)
    }
  }

  /// The one that says something of a feature; several are one where they say the same.
  private static func only(
    _ all: [PolicyStatistics], _ bundle: Bundle, _ what: String,
    _ feature: KeyPath<PolicyStatistics, FeatureStatistics?>
  ) throws(WeightsError) -> PolicyStatistics? {
    let found = all.filter { $0[keyPath: feature] != nil }
    guard let first = found.first else { return nil }
    if let other = found.first(where: { $0[keyPath: feature] != first[keyPath: feature] }) {
      throw WeightsError(
        .policyAssets, .usage, file: bundle.path,
        "\(first.fileName) and \(other.fileName) have different statistics of \(what); expected one "
          + "file to be given with --statistics")
    }
    return first
  }
}

extension Bundle {
  /// How states and actions are normalised, as the files that lerobot saves say; nil where there
  /// are none.
  ///
  /// - Throws: as ``NormalizationMethods/init(lerobotPreprocessor:)``; `policy.assets` where files
  ///   contradict each other; what reading an asset throws.
  func normalizationMethods() throws(WeightsError) -> NormalizationMethods? {
    var found: (methods: NormalizationMethods, name: String)?
    for asset in assets(.preprocessor) where asset.fileName == "policy_preprocessor.json" {
      let methods = try reading(asset) { (bytes) throws(WeightsError) in
        try NormalizationMethods(lerobotPreprocessor: bytes)
      }
      guard let methods else { continue }
      if let found, found.methods != methods {
        throw WeightsError(
          .policyAssets, .usage, file: path,
          "\(found.name) and \(asset.name) say different things of normalisation; expected convert "
            + "--set normalization=METHOD")
      }
      found = (methods, asset.name)
    }
    return found?.methods
  }
}

extension WeightsError.Code {
  /// The files of a policy contradict each other.
  public static let policyAssets = Self("policy.assets")
}
