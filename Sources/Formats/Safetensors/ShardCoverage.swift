import DVLADiagnostics
import DVLATensors

/// Compares what an index says with what its shards hold, in both directions.
struct ShardCoverage {
  let index: ShardIndex
  let names: [String]
  let files: [SafetensorsFile]

  /// - Throws: `checkpoint.tensor-twice`, `tensor-misplaced`, `tensor-missing`, `tensor-unknown`;
  ///   the details list every tensor of the first rule that is broken.
  func check() throws(WeightsError) {
    var shardsByTensor: [TensorName: [String]] = [:]
    for (name, file) in zip(names, files) {
      for tensor in file.tensors { shardsByTensor[tensor.name, default: []].append(name) }
    }
    let stored = files.flatMap { $0.tensors.map(\.name) }

    var seen: Set<TensorName> = []
    let twice = stored.filter { (shardsByTensor[$0]?.count ?? 0) > 1 && seen.insert($0).inserted }
    try report(.checkpointTensorTwice, twice) { name in
      "in several shards: " + (shardsByTensor[name] ?? []).listed
    }
    let mapped = index.shards.filter { shardsByTensor[$0.tensor] != nil }
    let misplaced = mapped.filter { shardsByTensor[$0.tensor]?.contains($0.shard) == false }
    try report(.checkpointTensorMisplaced, misplaced.map(\.tensor)) { name in
      "index says \((index.shard(of: name) ?? "").quoted), found in "
        + (shardsByTensor[name] ?? []).listed
    }
    let missing = index.shards.filter { shardsByTensor[$0.tensor] == nil }
    try report(.checkpointTensorMissing, missing.map(\.tensor)) { name in
      "index says \((index.shard(of: name) ?? "").quoted), found in no shard"
    }
    let unknown = stored.filter { index.shard(of: $0) == nil }
    try report(.checkpointTensorUnknown, unknown) { name in
      "in \((shardsByTensor[name] ?? []).listed), but not in the index"
    }
  }

  private func report(
    _ code: WeightsError.Code, _ names: [TensorName], _ message: (TensorName) -> String
  ) throws(WeightsError) {
    guard let first = names.first else { return }
    let more = names.count > 1 ? " (and \(names.count - 1) more tensors like it)" : ""
    throw WeightsError(
      code, file: index.path, tensor: first.string, message(first) + more,
      details: names.map { "tensor \($0.string.quoted): \(message($0))" })
  }
}
