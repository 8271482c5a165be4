public import DVLADiagnostics
import DVLAManifests

extension ManifestLibrary {
  /// The manifests that were compiled in from the folder `Manifests`.
  ///
  /// - Throws: as ``init(texts:)``, when a manifest of the toolkit itself is wrong.
  public static func embedded() throws(WeightsError) -> ManifestLibrary {
    try ManifestLibrary(texts: EmbeddedManifests.texts)
  }
}
