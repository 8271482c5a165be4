import DVLADiagnostics
import DVLAHashing
import DVLAJSON
import DVLATensors

/// The `assets` document of a header, and the rows of the table that belong to it.
enum AssetList {
  private static let keys: Set<String> = ["family", "file", "role", "bytes", "sha256", "source"]

  /// - Throws: `json.*` for a document of another form, and the `bundle.asset-*` codes.
  static func read(_ document: JSONReader) throws(WeightsError) -> [BundleAsset] {
    var assets: [BundleAsset] = []
    var plans: [BundleAssetPlan] = []
    for item in try document.array() {
      let (plan, sha256) = try read(item: item)
      plans.append(plan)
      assets.append(BundleAsset(plan, sha256: sha256))
    }
    try BundleAssetPlan.check(plans)
    return assets
  }

  private static func read(
    item: JSONReader
  ) throws(WeightsError) -> (BundleAssetPlan, Digest) {
    let members = try item.object(allowing: keys)
    let role = try members.required("role")
    let roleName = try role.string()
    guard let known = BundleAsset.Role(rawValue: roleName) else {
      let roles = BundleAsset.Role.allCases.map(\.rawValue.quoted).joined(separator: ", ")
      throw role.failure(
        .bundleAssetRole, "expected one of \(roles), found \(roleName.quoted)")
    }
    let digits = try members.required("sha256")
    guard let sha256 = Digest(hex: try digits.string()) else {
      throw digits.failure(
        .bundleHashForm, "expected 64 lowercase hexadecimal digits, found others")
    }
    let plan = BundleAssetPlan(
      family: try members.required("family").string(),
      fileName: try members.required("file").string(), role: known,
      byteCount: try members.required("bytes").integer(),
      source: try members.required("source").string())
    return (plan, sha256)
  }

  static func json(_ assets: [BundleAsset]) -> JSONValue {
    .array(
      assets.map { asset in
        .object(
          JSONObject([
            ("family", .string(asset.family)), ("file", .string(asset.fileName)),
            ("role", .string(asset.role.rawValue)),
            ("bytes", .integer(Int64(asset.byteCount))), ("sha256", .string(asset.sha256.hex)),
            ("source", .string(asset.source)),
          ]))
      })
  }

  /// What the table says of the bytes of an asset.
  static func info(of name: String, byteCount: Int) -> TensorInfo {
    let name = TensorName(BundleLayout.assetEntryPrefix + name)
    guard let shape = Shape(checking: [byteCount]),
      let info = TensorInfo(name: name, dtype: .u8, shape: shape)
    else { preconditionFailure("the size of an asset is checked") }
    return info
  }

  /// The rows that come first in the table are those of the assets, one each, in their order.
  ///
  /// - Throws: `bundle.asset-row`.
  static func check(_ row: TableRow, _ asset: BundleAsset) throws(WeightsError) {
    let expected = info(of: asset.name, byteCount: asset.byteCount)
    guard row.info == expected, row.planes == .none, row.source == nil, row.quantization == nil
    else {
      throw WeightsError(
        .bundleAssetRow, .malformed,
        "asset \(asset.name.quoted): expected a row \(expected.name.string.quoted) U8 "
          + "[\(asset.byteCount)] without planes, source and quantization, found "
          + "\(row.info.name.string.quoted) \(row.info.dtype.rawValue) \(row.info.shape)")
    }
  }
}
