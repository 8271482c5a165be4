import DVLABundles
import DVLADiagnostics
import DVLAFamilies
import DVLAHashing
import DVLAJSON
import DVLAPipelines
import DVLARemapping

/// A bundle that is about to be written, as a policy opens it: no bundle is written that `run`
/// refuses.
struct PlannedBundle: AssetSource {
  let path: String
  let family: String
  let configuration: JSONValue
  private let files: [String: AssetFile]
  private let assets: [BundleAsset]

  init(_ conversion: Conversion) {
    path = conversion.usedSources.first?.path ?? ""
    family = conversion.plan.remap.family
    configuration = conversion.plan.remap.configuration.json
    var files: [String: AssetFile] = [:]
    var assets: [BundleAsset] = []
    for file in conversion.assetFiles {
      files[file.plan.name] = file
      assets.append(BundleAsset(file.plan, sha256: file.sha256))
    }
    (self.files, self.assets) = (files, assets)
  }

  func assets(_ role: BundleAsset.Role) -> [BundleAsset] { assets.filter { $0.role == role } }

  func place(of asset: BundleAsset) -> String? { files[asset.name]?.path }

  func bytes(of asset: BundleAsset) throws(WeightsError) -> [UInt8] {
    guard let file = files[asset.name] else {
      throw WeightsError(
        .bundleAssetUnknown, .notFound, file: path,
        "the planned bundle has no asset \(asset.name.quoted)")
    }
    return try file.bytes()
  }
}

extension Conversion {
  /// Makes of the planned configuration and files what `run` makes of them.
  ///
  /// A tokenizer is left alone: whether it can be read has been looked at, and `run` takes another.
  ///
  /// - Throws: what ``RobotPolicy`` throws before it reads a tensor; `robot.fit`; as
  ///   ``PictureSettings/check(_:)``.
  func rehearse() throws(WeightsError) {
    let planned = PlannedBundle(self)
    do throws(WeightsError) {
      if Family.isPolicy(planned.family) {
        try checkRobot(RobotPolicy.rehearse(planned))
      } else {
        try PictureSettings.check(planned)
      }
    } catch {
      var error = error
      // The same questions are those of a bundle when it is run.
      if error.kind == .usage { error.kind = .malformed }
      throw error
    }
  }
}
