import BundleFormat
public import Diagnostics
import FileAccess

/// A file that a bundle takes along. It is opened once, before a bundle is begun.
struct AssetFile: Sendable {
  let plan: BundleAssetPlan
  /// Whether the user named it, rather than that it lay beside the weights.
  let isGiven: Bool
  private let file: InputFile

  var path: String { file.path }

  /// - Throws: `convert.asset-size` when the file is empty or larger than a bundle takes.
  init(
    _ file: InputFile, family: String, fileName: String, role: BundleAsset.Role, source: String,
    isGiven: Bool
  ) throws(WeightsError) {
    guard 1...BundleLayout.assetByteCount ~= file.byteCount else {
      throw WeightsError(
        .convertAssetSize, file: file.path,
        "\(file.byteCount) bytes, expected an asset of 1 to \(BundleLayout.assetByteCount)")
    }
    plan = BundleAssetPlan(
      family: family, fileName: fileName, role: role, byteCount: file.byteCount, source: source)
    self.isGiven = isGiven
    self.file = file
  }

  /// All of it.
  ///
  /// - Throws: `file.changed` when the file was written to since it was opened; `file.*`.
  func bytes() throws(WeightsError) -> [UInt8] {
    let bytes = try file.bytes(at: 0, count: file.byteCount)
    try file.checkUnchanged()
    return bytes
  }
}

extension WeightsError.Code {
  /// An asset that is empty or larger than a bundle takes.
  public static let convertAssetSize = Self("convert.asset-size")
}
