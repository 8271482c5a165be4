import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLARemapping
import DVLASafetensors

/// A file that travels with the tensors of one side, or lies beside them.
struct DiffAsset: Sendable {
  let name: String
  let role: BundleAsset.Role
  let sha256: Digest

  /// Each is read: what a header says of bytes that are damaged is no answer.
  ///
  /// - Throws: as ``WeightBundle/bytes(of:)``.
  static func assets(of bundle: WeightBundle) throws(WeightsError) -> [DiffAsset] {
    var assets: [DiffAsset] = []
    for asset in bundle.assets {
      let bytes = try bundle.bytes(of: asset)
      assets.append(
        DiffAsset(name: asset.name, role: asset.role, sha256: SHA256.hash(bytes)))
    }
    return assets
  }

  /// What a conversion would look at; nil for a checkpoint of no known model.
  ///
  /// - Throws: `file.*`.
  static func assets(
    beside checkpoint: Checkpoint, _ recognition: Recognition?, _ library: ManifestLibrary
  ) throws(WeightsError) -> [DiffAsset]? {
    guard let recognition else { return nil }
    let found = try AssetSearch(
      checkpoint, family: recognition.family, families: library.families
    ).found
    let counts = Dictionary(found.map { ($0.name, 1) }, uniquingKeysWith: +)
    var assets: [DiffAsset] = []
    for file in found {
      // Of several data sets each has a file of the one name, and its folder tells them apart.
      let name = counts[file.name] == 1 ? file.name : file.family + "." + file.source
      assets.append(
        DiffAsset(name: name, role: file.role, sha256: SHA256.hash(try file.bytes())))
    }
    return assets
  }
}
