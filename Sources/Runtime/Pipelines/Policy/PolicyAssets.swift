import DVLABundles
public import DVLADiagnostics
import DVLAImages
public import DVLANormalization
public import DVLATokenization

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
  /// What is done to states, actions and prompts.
  public let processing: PolicyProcessing
  /// Settings of the VLM's pictures, and the depth encoder's normalisation; nil: as published.
  let vision: VisionProcessor?
  let depthNormalization: PixelNormalization?

  /// - Parameters:
  ///   - tokenizer: contents and name of a `tokenizer.model` or `tokenizer.json`.
  ///   - statistics: contents and name of a file of statistics.
  /// - Throws: what reading an asset, a tokenizer, statistics or preprocessor settings throws;
  ///   `policy.assets` where statistics contradict each other.
  public init(
    _ bundle: any AssetSource, tokenizer: (contents: [UInt8], name: String)? = nil,
    statistics: (contents: [UInt8], name: String)? = nil
  ) throws(WeightsError) {
    try self.init(
      bundle, tokenizer: tokenizer, statistics: statistics, readsTokenizer: true)
  }

  /// - Parameter readsTokenizer: whether the bundle's own tokenizer is looked into.
  init(
    _ bundle: any AssetSource, tokenizer: (contents: [UInt8], name: String)?,
    statistics: (contents: [UInt8], name: String)?, readsTokenizer: Bool
  ) throws(WeightsError) {
    tokenizerPlace = tokenizer?.name ?? bundle.path
    self.tokenizer =
      if let tokenizer {
        try Self.tokenizer(tokenizer.contents, tokenizer.name)
      } else {
        readsTokenizer ? try Self.tokenizer(of: bundle) : nil
      }
    var processing = try PolicyProcessing(of: bundle)
    if let statistics {
      // Of another robot perhaps: they outrank what the documents say.
      (processing.stateWidth, processing.actionWidth) = (nil, nil)
      let given = try PolicyStatistics(contents: statistics.contents, fileName: statistics.name)
      state = given.state == nil ? nil : given
      action = given.action == nil ? nil : given
    } else {
      let found = try FoundStatistics(bundle)
      state = try found.statistics(of: \.state, "states", in: processing.stateStatistics)
      action = try found.statistics(of: \.action, "actions", in: processing.actionStatistics)
    }
    self.processing = processing
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
  private static func tokenizer(of bundle: any AssetSource) throws(WeightsError) -> Tokenizer? {
    let all = bundle.assets(.tokenizer)
    let family = bundle.ordered(BundlePreprocessors.policies.map(\.rawValue))
      .first { family in all.contains { $0.family == family } }
    let assets = all.filter { $0.family == family }
    guard let asset = assets.first(where: { $0.fileName.hasSuffix(".model") }) ?? assets.first
    else { return nil }
    return try bundle.reading(asset) { (bytes) throws(WeightsError) in
      try tokenizer(bytes, asset.fileName)
    }
  }
}

extension WeightsError.Code {
  /// The files of a policy contradict each other.
  public static let policyAssets = Self("policy.assets")
}
