public import DVLADiagnostics
import DVLAFiles
public import DVLAJSON
public import DVLATensors

/// Weights as an upstream project publishes them: a safetensors file, or a folder.
///
/// In a folder the files are found by these rules, and what they do not settle is refused:
///
/// 1. `model.safetensors.index.json`, or else the only `*.safetensors.index.json`: its shards, all
///    of them there, holding exactly the tensors it says. Further shards, or a `model.safetensors`
///    that the index does not name, are an error.
/// 2. No index: `model.safetensors`.
/// 3. Neither: the only `*.safetensors`, if it is not one shard of several.
///
/// A folder of a training run is followed to the checkpoint in it, where there is one way only.
///
/// Files are opened by plain name; links are followed as `InputFolder` says.
public struct Checkpoint: TensorSource {
  /// The path as the user gave it, or that of the checkpoint below it in the folder of a training
  /// run.
  public let path: String
  /// The files, sorted by name.
  public let files: [SafetensorsFile]
  /// The index of a sharded folder.
  public let index: ShardIndex?
  /// `config.json` in the folder, or beside the file.
  public let config: (path: String, value: JSONValue)?
  /// What is odd but no error, for a person to read: totals of the index that do not fit, files
  /// that are not used.
  public let remarks: [WeightsError]

  /// The remarks, where those on unused files do not name the files in `wanted`, which the caller
  /// uses.
  public func remarks(without wanted: Set<String>) -> [WeightsError] {
    remarks.compactMap { remark in
      guard remark.code == .checkpointUnused else { return remark }
      let left = remark.details.filter { !wanted.contains($0) }
      return left.isEmpty ? nil : .unused(left, in: remark.file ?? path)
    }
  }

  public let tensors: [TensorInfo]
  private let fileByTensor: [TensorName: Int]

  /// - Throws: what ``SafetensorsFile`` and `InputFolder` throw, `checkpoint.*` for folders,
  ///   `json.*` for a `config.json` or index that is no strict JSON.
  public init(path: String, limits: SafetensorsLimits = .default) throws(WeightsError) {
    if try InputFolder.isFolder(path) {
      let given = try InputFolder(path: path)
      let folder = try TrainingFolder.follow(given)
      let found = try CheckpointFolder(folder, limits: limits)
      var remarks = found.remarks
      if folder.path != given.path {
        remarks.append(
          WeightsError(
            .checkpointFollowed, file: given.path,
            "is the folder of a training run; its checkpoint \(folder.path.quoted) is used"))
      }
      try self.init(
        path: folder.path == given.path ? path : folder.path, files: found.files,
        index: found.index, config: Self.readConfig(in: folder), remarks: remarks)
    } else {
      let file = try SafetensorsFile(path: path, limits: limits)
      let folder = try InputFolder(path: path.splitAtLastComponent.folder)
      try self.init(
        path: path, files: [file], index: nil, config: Self.readConfig(in: folder), remarks: [])
    }
  }

  private init(
    path: String, files: [SafetensorsFile], index: ShardIndex?,
    config: (path: String, value: JSONValue)?, remarks: [WeightsError]
  ) throws(WeightsError) {
    self.path = path
    self.files = files
    self.index = index
    self.config = config
    self.remarks = remarks
    tensors = files.flatMap(\.tensors)
    var fileByTensor: [TensorName: Int] = [:]
    fileByTensor.reserveCapacity(tensors.count)
    for (position, file) in files.enumerated() {
      for tensor in file.tensors { fileByTensor[tensor.name] = position }
    }
    self.fileByTensor = fileByTensor
  }

  /// The file that has the tensor.
  public func file(of name: TensorName) -> SafetensorsFile? {
    fileByTensor[name].map { files[$0] }
  }

  public func info(of name: TensorName) -> TensorInfo? { file(of: name)?.info(of: name) }

  public func read(
    _ name: TensorName, at offset: Int, into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    guard let file = file(of: name) else {
      throw WeightsError(.unknownTensor, file: path, tensor: name.string, "no such tensor")
    }
    try file.read(name, at: offset, into: &destination)
  }

  /// Looks whether any of the files was written to since it was opened.
  ///
  /// - Throws: `file.changed`.
  public func checkUnchanged() throws(WeightsError) {
    for file in files { try file.file.checkUnchanged() }
  }

  /// Configurations have some kilobytes; long label lists make some a few hundred.
  private static let largestConfig = 16 << 20

  private static func readConfig(
    in folder: InputFolder
  ) throws(WeightsError) -> (path: String, value: JSONValue)? {
    guard try folder.contains("config.json") else { return nil }
    let file = try folder.open("config.json")
    let value = try inFile(file.path) { () throws(WeightsError) in
      try StrictJSON.parse(try file.readAll(limit: largestConfig), limits: .document)
    }
    return (file.path, value)
  }
}
