import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLANormalization

extension PolicyProcessing {
  /// What the configuration says under `processing`. Bundles of earlier versions have no such key:
  /// of those the pipelines among their files say it.
  ///
  /// - Throws: `model.configuration`, `processing.*`, `json.*`; what reading an asset throws.
  init(of source: any AssetSource) throws(WeightsError) {
    guard let value = source.configuration.object?["processing"] else {
      self = try Self.ofPipelines(source) ?? PolicyProcessing()
      return
    }
    do throws(WeightsError) { try self.init(configuration: value) } catch {
      throw error.inFile(source.path)
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
