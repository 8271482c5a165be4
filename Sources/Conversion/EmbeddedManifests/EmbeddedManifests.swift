internal import DVLACManifests

/// The files of the folder `Manifests` as they were when the library was compiled.
public enum EmbeddedManifests {
  /// The text of every file, by its path in the folder.
  public static var texts: [String: String] {
    var texts: [String: String] = [:]
    for index in 0..<dvla_manifest_count() {
      let (path, text) = manifest(index)
      texts[path] = text
    }
    return texts
  }

  /// The text of one file; nil where there is none.
  public static func text(_ path: String) -> String? {
    for index in 0..<dvla_manifest_count() {
      let (found, text) = manifest(index)
      if found == path { return text }
    }
    return nil
  }

  private static func manifest(_ index: Int) -> (path: String, text: String) {
    let manifest = unsafe dvla_manifest(index)
    // The table is constant data of the executable: path ends in NUL, text has `count` bytes.
    let text = unsafe UnsafeRawBufferPointer(start: manifest.text, count: manifest.count)
    return unsafe (String(cString: manifest.path), String(decoding: text, as: UTF8.self))
  }
}
