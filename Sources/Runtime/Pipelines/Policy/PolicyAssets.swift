import DVLABundles
public import DVLADiagnostics
import DVLAFamilies
import DVLAImages
import DVLAJSON
public import DVLANormalization
public import DVLATokenization

/// The contents of the files that a policy needs beside its weights. Given files replace the
/// bundle's own.
public struct PolicyAssets: Sendable {
  /// Nil where there is none: then instructions cannot be read.
  public let tokenizer: Tokenizer?
  /// The file that errors name: a given one, or the bundle.
  let tokenizerPlace: String
  /// The statistics of states and of actions; nil where there are none: then both are the model's
  /// own numbers.
  public let state: PolicyStatistics?
  public let action: PolicyStatistics?
  /// The processing of states, actions and prompts.
  public let processing: PolicyProcessing
  /// Settings of the VLM's pictures, and the depth encoder's normalisation; nil: the published
  /// ones.
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

  /// - Parameter readsTokenizer: whether the bundle's own tokenizer is read.
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
      // They may be of another robot: the widths in the documents no longer count.
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
    try inFile(name) { () throws(WeightsError) in
      // No SentencePiece model begins with a brace, even if its file has another name.
      return name.hasSuffix(".json") || contents.first == UInt8(ascii: "{")
        ? try Tokenizer(tokenizerJSON: contents) : try Tokenizer(sentencePieceModel: contents)
    }
  }

  /// The tokenizer of the bundle's own family, if it has one; in the smaller and faster form, if it
  /// has both.
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

extension PolicyProcessing {
  /// The processing in the configuration, under `processing`. Bundles of earlier versions have no
  /// such key: for those it is read from the pipelines among their files.
  ///
  /// - Throws: `model.configuration`, `processing.*`, `json.*`; what reading an asset throws.
  init(of source: any AssetSource) throws(WeightsError) {
    guard let value = source.configuration.object?["processing"] else {
      self = try Self.ofPipelines(source) ?? PolicyProcessing()
      return
    }
    self = try inFile(source.path) { () throws(WeightsError) in
      try PolicyProcessing(configuration: value)
    }
  }

  private static func ofPipelines(
    _ source: any AssetSource
  ) throws(WeightsError) -> PolicyProcessing? {
    let all = source.assets(.preprocessor)
    for family in source.ordered(BundlePreprocessors.policies.map(\.rawValue)) {
      func pipeline(
        _ side: LeRobotPipeline.Side
      ) throws(WeightsError) -> LeRobotProcessing.Document<LeRobotPipeline>? {
        guard let asset = all.first(where: { $0.family == family && $0.fileName == side.rawValue })
        else { return nil }
        let found = try source.reading(asset) { (bytes) throws(WeightsError) in
          try LeRobotPipeline(side, contents: bytes)
        }
        return LeRobotProcessing.Document(found, path: asset.name)
      }
      let (before, after) = (try pipeline(.before), try pipeline(.after))
      guard before != nil || after != nil else { continue }
      var processing = try LeRobotProcessing(
        config: nil, before: before, after: after, isEarly: false, replacesStatistics: true
      ).processing
      // Such bundles have openpi's prompts.
      processing.library = nil
      processing.cutsPrompts = nil
      return processing
    }
    return nil
  }
}

/// The statistics among the files beside the weights.
private struct FoundStatistics {
  private let source: any AssetSource
  private let all: [(fileName: String, statistics: PolicyStatistics)]

  /// - Throws: what reading an asset and statistics throws.
  init(_ source: any AssetSource) throws(WeightsError) {
    self.source = source
    var all: [(String, PolicyStatistics)] = []
    for asset in source.assets(.statistics) {
      all.append(
        (
          asset.fileName,
          try source.reading(asset) { (bytes) throws(WeightsError) in
            try PolicyStatistics(contents: bytes, fileName: asset.name)
          }
        ))
    }
    // transformers keeps them among the settings of its processor. A file of statistics alone
    // counts before those: the user may have given it.
    for asset in source.assets(.preprocessor)
    where all.isEmpty && asset.fileName == "processor_config.json"
      && Family.isPolicy(asset.family)
    {
      let found = try source.reading(asset) { (bytes) throws(WeightsError) in
        try PolicyStatistics(processorConfig: bytes, fileName: asset.name)
      }
      if let found { all.append((asset.fileName, found)) }
    }
    self.all = all
  }

  /// The statistics of a feature; several files must agree.
  ///
  /// - Parameter fileName: the only file they may come from, by its name beside the weights; nil
  ///   for any.
  /// - Throws: `policy.assets` where files contradict each other, or that file is missing.
  func statistics(
    of feature: KeyPath<PolicyStatistics, FeatureStatistics?>, _ what: String, in fileName: String?
  ) throws(WeightsError) -> PolicyStatistics? {
    var candidates = all
    if let fileName {
      candidates = all.filter { $0.fileName == fileName }
      guard !candidates.isEmpty else {
        throw WeightsError(
          .policyAssets, .usage, file: source.path,
          "the configuration names \(fileName.quoted) as the statistics of \(what), and the bundle "
            + "has no such file",
          remedies: [.giveAsset(.statistics)])
      }
    }
    let found = candidates.map(\.statistics).filter { $0[keyPath: feature] != nil }
    guard let first = found.first else { return nil }
    if let other = found.first(where: { $0[keyPath: feature] != first[keyPath: feature] }) {
      throw WeightsError(
        .policyAssets, .usage, file: source.path,
        "\(first.fileName) and \(other.fileName) have different statistics of \(what)",
        remedies: [.giveAsset(.statistics)])
    }
    return first
  }
}
