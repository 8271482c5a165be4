import DVLADiagnostics
import DVLAFiles
import DVLAJSON
public import DVLATensors

/// `model.safetensors.index.json`: which tensor is in which shard.
public struct ShardIndex: Sendable {
  /// The path of the file.
  public let path: String
  /// The tensors in the order of the index, each with the name of its shard.
  public let shards: [(tensor: TensorName, shard: String)]
  /// The names of the shards, sorted.
  public let shardNames: [String]
  /// `metadata.total_size`: bytes of all tensors, as the writer counted them.
  public let totalByteCount: Int?
  /// `metadata.total_parameters`: elements of all tensors, as the writer counted them.
  public let totalParameterCount: Int?

  private let shardByTensor: [TensorName: String]

  /// - Throws: `json.*` for what is no strict JSON, `checkpoint.index` for what is no index,
  ///   `checkpoint.shard-name`, `checkpoint.shard-set`.
  init(_ file: InputFile, limits: SafetensorsLimits) throws(WeightsError) {
    try self.init(
      file.readAll(limit: limits.headerByteCount), path: file.path, limits: limits)
  }

  /// - Throws: as ``init(_:limits:)``.
  init(
    _ contents: [UInt8], path: String, limits: SafetensorsLimits = .default
  ) throws(WeightsError) {
    let jsonLimits = JSONLimits(
      maximumByteCount: limits.headerByteCount, maximumDepth: 4,
      maximumValueCount: limits.tensorCount + 1000, maximumObjectCount: 1000)
    self = try inFile(path) { () throws(WeightsError) in
      try ShardIndex(StrictJSON.parse(contents, limits: jsonLimits), path: path, limits: limits)
    }
  }

  private init(_ json: JSONValue, path: String, limits: SafetensorsLimits) throws(WeightsError) {
    guard let root = json.object else {
      throw WeightsError(.checkpointIndex, "index is \(json.noun), expected an object")
    }
    for (key, _) in root.members where key != "metadata" && key != "weight_map" {
      throw WeightsError(
        .checkpointIndex,
        "unknown key \(key.quoted), expected metadata and weight_map only")
    }
    guard let map = root["weight_map"]?.object, !map.isEmpty else {
      let found = root["weight_map"].map { $0.object == nil ? $0.noun : "empty" } ?? "missing"
      throw WeightsError(
        .checkpointIndex, "weight_map is \(found), expected an object from tensors to files")
    }
    var shards: [(tensor: TensorName, shard: String)] = []
    shards.reserveCapacity(map.count)
    for (name, value) in map.members {
      do throws(WeightsError) {
        try limits.checkName(name)
        guard let shard = value.string else {
          throw WeightsError(
            .checkpointIndex, "file in weight_map is \(value.noun), expected a string")
        }
        try Self.checkShardName(shard)
        shards.append((TensorName(name), shard))
      } catch {
        throw error.inTensor(name)
      }
    }
    self.path = path
    self.shards = shards
    shardByTensor = Dictionary(
      shards.map { ($0.tensor, $0.shard) }, uniquingKeysWith: { first, _ in first })
    shardNames = Set(shards.map(\.shard)).sorted {
      $0.utf8.lexicographicallyPrecedes($1.utf8)
    }
    try ShardName.checkSet(shardNames)
    let metadata = root["metadata"] ?? .object(JSONObject())
    guard let totals = metadata.object else {
      throw WeightsError(.checkpointIndex, "metadata is \(metadata.noun), expected an object")
    }
    totalByteCount = try Self.total("total_size", in: totals)
    totalParameterCount = try Self.total("total_parameters", in: totals)
  }

  /// The shard that has the tensor.
  public func shard(of tensor: TensorName) -> String? { shardByTensor[tensor] }

  /// Shard names become paths, so only the plainest are taken: ASCII letters, digits, `.`, `_` and
  /// `-`, not hidden, ending in `.safetensors`.
  private static func checkShardName(_ name: String) throws(WeightsError) {
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard isPlain, !name.hasPrefix("."), name.hasSuffix(".safetensors"), name.utf8.count <= 255
    else {
      throw WeightsError(
        .checkpointShardName,
        "file \(name.quoted) in weight_map, expected a plain name ending in .safetensors")
    }
  }

  /// Some writers store the totals as `123.0`.
  private static func total(
    _ key: String, in metadata: JSONObject
  ) throws(WeightsError) -> Int? {
    guard let value = metadata[key] else { return nil }
    guard let total = value.integer ?? value.number.flatMap(Int.init(exactly:)), total >= 0 else {
      throw WeightsError(
        .checkpointIndex, "metadata.\(key) is \(value.noun), expected a count")
    }
    return total
  }
}
