import DVLABundles
import DVLAJSON

extension WeightBundle {
  /// The files that it was made from, with their SHA-256 in hexadecimal, as its provenance says.
  var sourceHashes: [(path: String, sha256: String)] {
    let sources = documents.provenance.object?["sources"]?.array ?? []
    return sources.flatMap { source in
      (source.object?["files"]?.array ?? []).compactMap { file in
        guard let name = file.object?["name"]?.string, let hash = file.object?["sha256"]?.string
        else { return nil }
        return (path: name, sha256: hash)
      }
    }
  }

  /// The program that made it, as its provenance says.
  var tool: String? { documents.provenance.object?["tool"]?.string }
}
