import DVLADiagnostics
import DVLAFiles
import DVLANormalization
import DVLASafetensors
import DVLATensors

/// The statistics that lerobot kept among a policy's tensors until October 2025, as the file of
/// statistics that it has written since: the same float32 values under the names of today.
///
/// Source: lerobot, `policies/normalize.py`, `Normalize` and `Unnormalize`.
struct EarlyStatistics {
  /// What lerobot calls such a file of a pipeline whose first step normalises.
  static let fileName = "policy_preprocessor_step_0_normalizer_processor.safetensors"

  private let checkpoint: Checkpoint
  private let tensors: [(name: TensorName, info: TensorInfo)]

  private static let features = [
    (from: "normalize_inputs.buffer_observation_state.", to: "observation.state."),
    (from: "unnormalize_outputs.buffer_action.", to: "action."),
  ]
  private static let fields = ["mean", "std", "min", "max"]

  /// Whether the tensor is one of these statistics, with or without a wrapper's prefix.
  static func holds(_ name: TensorName) -> Bool {
    features.contains { name.string.hasPrefix($0.from) || name.string.contains("." + $0.from) }
  }

  /// - Returns: nil where there are none.
  init?(_ checkpoint: Checkpoint) {
    self.checkpoint = checkpoint
    var found: [(TensorName, TensorInfo)] = []
    for (old, new) in Self.features {
      for field in Self.fields {
        // A wrapper may have put a prefix in front of the names.
        let matches = checkpoint.tensors.filter {
          $0.name.string == old + field || $0.name.string.hasSuffix("." + old + field)
        }
        if matches.count == 1 { found.append((TensorName(new + field), matches[0])) }
      }
    }
    if found.isEmpty { return nil }
    tensors = found
  }

  /// The name of the file that the tensors lie in.
  var source: String {
    checkpoint.file(of: tensors[0].info.name)?.file.path.lastPathComponent ?? ""
  }

  var path: String { checkpoint.file(of: tensors[0].info.name)?.file.path ?? checkpoint.path }

  /// - Throws: `statistics.not-finite` where they were never set, `statistics.tensor`,
  ///   `safetensors.*`; what reading throws.
  func contents() throws(WeightsError) -> [UInt8] {
    var data: [UInt8] = []
    for (_, info) in tensors {
      guard info.dtype == .f32, info.shape.rank == 1, info.byteCount <= 1 << 20 else {
        throw WeightsError(
          .statisticsTensor, file: path, tensor: info.name.string,
          "expected F32 of one axis, found \(info.dtype.rawValue) \(info.shape)")
      }
      let bytes = try checkpoint.bytes(of: info)
      for value in info.dtype.doubles(bytes[...]) ?? [] where value.isInfinite {
        throw WeightsError(
          .statisticsNotFinite, file: path, tensor: info.name.string,
          "holds infinity, which lerobot writes where statistics were never set",
          remedies: [.giveAsset(.statistics)])
      }
      data += bytes
    }
    let header = try SafetensorsHeaderWriter.headerBytes(
      entries: tensors.map { ($0.name, $0.info.dtype, $0.info.shape) }, metadata: nil)
    return header.bytes + data
  }
}

extension Checkpoint {
  fileprivate func bytes(of info: TensorInfo) throws(WeightsError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: info.byteCount)
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    try read(info.name, at: 0, into: &raw)
    return bytes
  }
}
