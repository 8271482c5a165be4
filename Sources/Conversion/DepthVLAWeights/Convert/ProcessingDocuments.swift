import DVLABundles
import DVLADiagnostics
import DVLAFamilies
import DVLAFiles
import DVLAJSON
import DVLANormalization
import DVLARemapping
import DVLASafetensors

/// What the documents beside a policy's weights say of states, actions and prompts, under the keys
/// of the bundle's configuration.
struct ProcessingDocuments {
  private(set) var configuration = Configuration()

  /// - Parameters:
  ///   - source: of a family that acts.
  ///   - choice: which files the bundle takes along.
  ///   - families: all there are.
  /// - Throws: `processing.*`, `statistics.method`, `json.*`, `file.*`.
  init(
    _ source: ImportedSource, _ choice: AssetChoice, families: [String]
  ) throws(WeightsError) {
    let (checkpoint, recognition) = (source.checkpoint, source.recognition)
    let search = try AssetSearch(checkpoint, family: recognition.family, families: families)
    let before = try Self.document(.before, search, recognition.family, choice)
    let after = try Self.document(.after, search, recognition.family, choice)
    var config: LeRobotProcessing.Document<LeRobotConfiguration>?
    if Family(rawValue: recognition.family) == .pi0, let found = source.config,
      LeRobotConfiguration.isOne(found.value)
    {
      config = try inFile(found.path) { () throws(WeightsError) in
        LeRobotProcessing.Document(try LeRobotConfiguration(found.value), path: found.path)
      }
    }
    let library = PolicyProcessing.Library(naming: recognition.naming)
    guard library?.isLeRobot == true || config != nil || before != nil || after != nil else {
      if library == .openpi {
        var processing = PolicyProcessing()
        processing.library = .openpi
        processing.cutsPrompts = true
        take(processing, origin: "the naming openpi")
      } else if library == .transformers {
        var processing = PolicyProcessing()
        processing.library = .transformers
        // It fills prompts up, and takes longer ones as they are.
        processing.cutsPrompts = false
        take(processing, origin: "the naming \(recognition.naming)")
        try takeStateWidth(search, recognition.family)
      }
      return
    }
    let replacesStatistics =
      !choice.takesFound || choice.givesStatistics(of: recognition.family)
    let isEarly = library == .earlyLeRobot
    let joined = try LeRobotProcessing(
      config: config, before: before, after: after, isEarly: isEarly,
      replacesStatistics: replacesStatistics || before?.isGiven == true || after?.isGiven == true)
    var processing = joined.processing
    if choice.givesStatistics(of: recognition.family) {
      // The user's may be of another robot, and outrank the documents.
      (processing.stateWidth, processing.actionWidth) = (nil, nil)
    }
    if processing.library == .earlyLeRobot, !replacesStatistics,
      EarlyStatistics(checkpoint) != nil
    {
      processing.stateStatistics = EarlyStatistics.fileName
      processing.actionStatistics = EarlyStatistics.fileName
    }
    if Family(rawValue: recognition.family) != .pi0, joined.promptLimit == nil {
      // Of another family, pipelines that leave prompts alone say nothing of them.
      processing.library = nil
      processing.cutsPrompts = nil
    }
    if let config { try take(picturesOf: config, isEarly: isEarly) }
    take(
      processing,
      origin: before?.path ?? after?.path ?? config?.path ?? "the naming \(recognition.naming)")
    if let (limit, path) = joined.promptLimit {
      configuration.set("max_token_len", .integer(Int64(limit)), origin: path)
    }
  }

  /// transformers' processor fills states up to a width of its own, which must be the model's.
  private mutating func takeStateWidth(
    _ search: AssetSearch, _ family: String
  ) throws(WeightsError) {
    guard
      let found = search.found.first(where: {
        $0.family == family && $0.fileName == AssetNames.processor
      })
    else { return }
    try inFile(found.path) { () throws(WeightsError) in
      let settings = try JSONReader(StrictJSON.parse(try found.bytes(), limits: .document)).object()
      guard let width = settings.optional("max_state_dim"), !width.isNull else { return }
      configuration.set(
        "action.state_dim", .integer(Int64(try width.integer(in: 1...1 << 20))),
        origin: "\(found.fileName) max_state_dim")
    }
  }

  /// Pictures must be brought to the size that the model's positions have.
  private mutating func take(
    picturesOf config: LeRobotProcessing.Document<LeRobotConfiguration>, isEarly: Bool
  ) throws(WeightsError) {
    let sides = config.content.pictureSides
    if let first = sides.first {
      guard sides.allSatisfy({ $0 == first }) else {
        throw WeightsError(
          .processingValue, file: config.path,
          "resize_imgs_with_padding: expected a square, because the model reads no other pictures, found "
            + sides.map(String.init).joined(separator: " x "))
      }
      configuration.set(
        "vision.image_size", .integer(Int64(first)),
        origin: "config.json resize_imgs_with_padding")
    }
    if isEarly, config.content.takesPicturesAsTheyAre {
      configuration.set(
        "image_fit", "exact", origin: "config.json resize_imgs_with_padding")
    }
  }

  private mutating func take(_ processing: PolicyProcessing, origin: String) {
    for (key, value) in processing.values {
      configuration.set(key.name, value, origin: origin)
    }
  }

  /// The pipeline that the user gave, or the one beside the weights.
  private static func document(
    _ side: LeRobotPipeline.Side, _ search: AssetSearch, _ family: String, _ choice: AssetChoice
  ) throws(WeightsError) -> LeRobotProcessing.Document<LeRobotPipeline>? {
    let given = choice.given.last {
      $0.role == .preprocessor && ($0.family ?? family) == family
        && $0.path.splitAtLastComponent.name == side.rawValue
    }
    let contents: [UInt8]
    let path: String
    if let given {
      path = given.path
      contents = try readWholeFile(path: path, limit: largestPipeline)
    } else if let found = search.found.first(where: {
      $0.family == family && $0.fileName == side.rawValue
    }) {
      path = found.path
      contents = try found.bytes()
    } else {
      return nil
    }
    return try inFile(path) { () throws(WeightsError) in
      LeRobotProcessing.Document(
        try LeRobotPipeline(side, contents: contents), path: path, isGiven: given != nil)
    }
  }

  private static let largestPipeline = 16 << 20
}

extension PolicyProcessing.Library {
  /// The library that has a naming of policies; nil for other namings.
  init?(naming: String) {
    let named: [Self] = [.lerobot, .transformers]
    guard
      let library = Self(rawValue: naming) ?? named.first(where: { naming.hasPrefix($0.rawValue) })
    else { return nil }
    self = library
  }
}

extension AssetChoice {
  /// Whether the user gave statistics that may be those of the family.
  fileprivate func givesStatistics(of family: String) -> Bool {
    given.contains { $0.role == .statistics && ($0.family ?? family) == family }
  }
}
