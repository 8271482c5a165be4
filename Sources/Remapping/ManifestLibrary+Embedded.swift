internal import CManifests
public import Diagnostics

extension ManifestLibrary {
  /// The manifests that were compiled in from the folder `Manifests`.
  ///
  /// - Throws: as ``init(texts:)``, when a manifest of the toolkit itself is wrong.
  public static func embedded() throws(WeightsError) -> ManifestLibrary {
    try ManifestLibrary(texts: embeddedTexts)
  }

  /// The text of every embedded file, by its path in `Manifests`.
  static var embeddedTexts: [String: String] {
    var texts: [String: String] = [:]
    for index in 0..<dvla_manifest_count() {
      let manifest = unsafe dvla_manifest(index)
      // The table is constant data of the executable: path ends in NUL, text has `count` bytes.
      let text = unsafe UnsafeRawBufferPointer(start: manifest.text, count: manifest.count)
      texts[unsafe String(cString: manifest.path)] = unsafe String(decoding: text, as: UTF8.self)
    }
    return texts
  }
}
