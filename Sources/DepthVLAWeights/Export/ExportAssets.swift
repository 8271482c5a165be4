import BundleFormat
import Diagnostics
import FileAccess

/// The assets of a bundle that belong beside an exported checkpoint.
struct ExportAssets {
  struct File {
    let asset: BundleAsset
    /// Its name in the folder.
    let name: String
  }

  /// In the order of the bundle.
  let files: [File]
  /// What the reader of the folder should know.
  let notes: [String]

  /// The exported model's own files get their names back. Those of the parts of a composite keep
  /// their names in the bundle, under which `convert` finds them again.
  init(_ bundle: Bundle, _ plan: ExportPlan) {
    var taken = Set(plan.files.map(\.name) + ["config.json", "model.safetensors.index.json"])
    var files: [File] = []
    var notes: [String] = []
    for asset in bundle.assets {
      guard asset.family == plan.family || plan.family == bundle.documents.family else { continue }
      let name = asset.family == plan.family ? asset.fileName : asset.name
      guard taken.insert(name).inserted else {
        notes.append(
          "left out: the asset \(asset.name.escapedForTerminal), as the checkpoint has a file "
            + "\(name.escapedForTerminal) of its own")
        continue
      }
      files.append(File(asset: asset, name: name))
    }
    self.files = files
    self.notes = notes
  }

  func write(to folder: AtomicOutputDirectory, from bundle: Bundle) throws(WeightsError) {
    for file in files {
      let bytes = try bundle.bytes(of: file.asset)
      let output = try folder.file(named: file.name)
      try bytes.withReadOnlyBytes(bytes.count) { (bytes) throws(WeightsError) in
        try output.write(bytes, at: 0)
      }
    }
  }
}
