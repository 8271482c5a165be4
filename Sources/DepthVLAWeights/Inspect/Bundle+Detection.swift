import BundleFormat
import Diagnostics
import Safetensors

extension Bundle {
  /// Whether the path is a safetensors file that says it is a bundle. Folders are checkpoints.
  static func isBundle(path: String) throws(WeightsError) -> Bool {
    guard !path.isFolder else { return false }
    let file = try SafetensorsFile(path: path)
    return file.header.metadata?.contains { $0.key == "format" && $0.value == "depthvla-bundle" }
      ?? false
  }
}
