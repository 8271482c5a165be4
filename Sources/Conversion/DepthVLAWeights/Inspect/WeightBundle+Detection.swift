import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLASafetensors

extension WeightBundle {
  /// Whether the path is a safetensors file that says it is a bundle. Folders are checkpoints.
  static func isBundle(path: String) throws(WeightsError) -> Bool {
    guard try !InputFolder.isFolder(path) else { return false }
    let file = try SafetensorsFile(path: path)
    return file.header.metadata?.contains {
      $0.key == "format" && $0.value == BundleLayout.formatName
    }
      ?? false
  }
}
