import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLATensors

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
  ///
  /// Only names that upstream libraries know for the role are written: a bundle may come from
  /// anywhere, and a file called `config.json` or `__init__.py` would be read as something else.
  ///
  /// - Parameter families: all there are.
  init(_ bundle: WeightBundle, _ plan: ExportPlan, families: [String]) {
    let own = plan.files.map(\.name) + ["config.json", "model.safetensors.index.json"]
    var taken = Set(own.map { $0.lowercased() })
    var files: [File] = []
    var notes: [String] = []
    for asset in bundle.assets {
      let isOwn = asset.family == plan.family
      guard isOwn || plan.family == bundle.documents.family else { continue }
      guard AssetNames.role(of: asset.fileName) == asset.role,
        isOwn || families.contains(asset.family)
      else {
        notes.append(
          "left out: the asset \(asset.name.escapedForTerminal), as no library knows "
            + "\(asset.role.rawValue) by that name")
        continue
      }
      // Statistics that were tensors of the checkpoint go back as those.
      if isOwn, asset.fileName == EarlyStatistics.fileName,
        plan.tensors.contains(where: { EarlyStatistics.holds($0.info.name) })
      {
        continue
      }
      let name = isOwn ? asset.fileName : asset.name
      guard taken.insert(name.lowercased()).inserted else {
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

  func write(to folder: AtomicOutputDirectory, from bundle: WeightBundle) throws(WeightsError) {
    for file in files {
      let bytes = try bundle.bytes(of: file.asset)
      let output = try folder.file(named: file.name)
      try bytes.withReadOnlyBytes(bytes.count) { (bytes) throws(WeightsError) in
        try output.write(bytes, at: 0)
      }
    }
  }
}
