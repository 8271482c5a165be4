import DVLADiagnostics
import DVLAFiles
import DVLATensors

/// Finds the files of a checkpoint in a folder.
struct CheckpointFolder {
  let files: [SafetensorsFile]
  let index: ShardIndex?
  let remarks: [WeightsError]

  private static let singleName = "model.safetensors"
  private static let suffix = ".safetensors"
  private static let indexSuffix = ".safetensors.index.json"

  init(_ folder: InputFolder, limits: SafetensorsLimits) throws(WeightsError) {
    let present = try folder.names()
    let weights = present.filter { $0.hasSuffix(Self.suffix) && !$0.hasPrefix(".") }
    try Self.refuseAdapter(among: present, weights: weights, in: folder)
    let names: [String]
    if let indexName = try Self.indexName(among: present, in: folder) {
      let index = try ShardIndex(folder.open(indexName), limits: limits)
      try Self.checkPresent(index, among: present)
      try Self.checkNoStrays(index, among: weights, in: folder)
      self.index = index
      names = index.shardNames
    } else {
      index = nil
      names = [try Self.singleFile(among: present, weights: weights, in: folder)]
    }
    var files: [SafetensorsFile] = []
    for name in names {
      files.append(try SafetensorsFile(file: folder.open(name), limits: limits))
    }
    self.files = files
    var remarks: [WeightsError] = []
    if let index {
      try ShardCoverage(index: index, names: names, files: files).check()
      remarks += Self.totals(index, files)
    }
    let unused = weights.filter { !names.contains($0) }
    if !unused.isEmpty {
      remarks.append(.unused(unused, in: folder.path))
    }
    self.remarks = remarks
  }

  private static func indexName(
    among present: [String], in folder: InputFolder
  ) throws(WeightsError) -> String? {
    let names = present.filter { $0.hasSuffix(indexSuffix) && !$0.hasPrefix(".") }
    if names.contains("model" + indexSuffix) { return "model" + indexSuffix }
    if names.count > 1 {
      throw WeightsError(
        .checkpointAmbiguous, file: folder.path,
        "\(names.count) indexes (\(names.listed)), expected model\(indexSuffix) or only one; "
          + "give the path of one file")
    }
    return names.first
  }

  private static func singleFile(
    among present: [String], weights: [String], in folder: InputFolder
  ) throws(WeightsError) -> String {
    if weights.contains(singleName) { return singleName }
    guard let first = weights.first else {
      throw WeightsError(
        .checkpointEmpty, .notFound, file: folder.path,
        "no safetensors file in the folder" + hint(among: present))
    }
    if let shard = weights.first(where: { ShardName($0) != nil }) {
      throw WeightsError(
        .checkpointIndexMissing, file: folder.path,
        "\(shard.quoted) is a shard, but there is no model\(indexSuffix); download the index "
          + "too")
    }
    if weights.count > 1 {
      throw WeightsError(
        .checkpointAmbiguous, file: folder.path,
        "\(weights.count) safetensors files (\(weights.listed)) without an index: give the path of one file"
      )
    }
    return first
  }

  /// Libraries that find an adapter in the folder of a model add it to the model.
  private static func refuseAdapter(
    among present: [String], weights: [String], in folder: InputFolder
  ) throws(WeightsError) {
    let adapter = "adapter_model" + suffix
    guard present.contains("adapter_config.json") || weights.contains(adapter),
      weights.contains(where: { $0 != adapter })
    else { return }
    throw WeightsError(
      .checkpointAdapter, file: folder.path,
      "a PEFT adapter (adapter_config.json) is in the same folder, and upstream would add it to the "
        + "weights: merge it (merge_and_unload, save_pretrained) and give the result, or give the "
        + "path of the weights file to leave the adapter out")
  }

  private static func hint(among present: [String]) -> String {
    if present.contains("snapshots"), present.contains("blobs") {
      return "; this is a repository of the Hugging Face cache: give a folder in its snapshots"
    }
    let gguf = present.filter { $0.hasSuffix(".gguf") }
    if !gguf.isEmpty { return ", but \(gguf.listed): " + FileKind.gguf.advice }
    let pickles = present.filter { name in
      [".bin", ".pt", ".pth", ".ckpt"].contains(where: name.hasSuffix)
    }
    return pickles.isEmpty
      ? "" : ", but \(pickles.listed): " + FileKind.pickle.advice
  }

  private static func checkPresent(
    _ index: ShardIndex, among present: [String]
  ) throws(WeightsError) {
    let present = Set(present)
    let missing = index.shardNames.filter { !present.contains($0) }
    guard missing.isEmpty else {
      throw WeightsError(
        .checkpointShardMissing, .notFound, file: index.path,
        "shards are missing, \(missing.count) of \(index.shardNames.count): \(missing.listed)",
        details: missing)
    }
  }

  private static func checkNoStrays(
    _ index: ShardIndex, among weights: [String], in folder: InputFolder
  ) throws(WeightsError) {
    let strays = weights.filter { name in
      !index.shardNames.contains(name) && (name == singleName || ShardName(name) != nil)
    }
    guard let stray = strays.first else { return }
    if stray == singleName {
      throw WeightsError(
        .checkpointAmbiguous, file: folder.path,
        "both \(singleName) and an index that does not name it: give the path of the file, or move "
          + "one of them away")
    }
    throw WeightsError(
      .checkpointShardUnknown, file: index.path,
      "the folder has shards that the index does not name: \(strays.listed)", details: strays)
  }

  /// Totals are often wrong in published files, so they are worth a remark and no more.
  private static func totals(_ index: ShardIndex, _ files: [SafetensorsFile]) -> [WeightsError] {
    let tensors = files.flatMap(\.tensors)
    // Each file is smaller than Int.max, so many of them would have to be sparse to wrap.
    let counts = [
      ("total_size", index.totalByteCount, tensors.reduce(0) { $0 &+ $1.byteCount }),
      (
        "total_parameters", index.totalParameterCount,
        tensors.reduce(0) { $0 &+ $1.shape.elementCount }
      ),
    ]
    return counts.compactMap { key, stated, found in
      guard let stated, stated != found else { return nil }
      return WeightsError(
        .checkpointTotal, file: index.path,
        "metadata.\(key) is \(stated), the tensors have \(found)")
    }
  }
}

extension WeightsError {
  /// Files of the folder that are not of the checkpoint.
  static func unused(_ names: [String], in folder: String) -> WeightsError {
    WeightsError(
      .checkpointUnused, file: folder, "not part of the checkpoint: \(names.listed)",
      details: names)
  }
}

extension [String] {
  /// Quoted, comma-separated, the first eight.
  var listed: String {
    prefix(8).map(\.quoted).joined(separator: ", ") + (count > 8 ? ", …" : "")
  }
}
