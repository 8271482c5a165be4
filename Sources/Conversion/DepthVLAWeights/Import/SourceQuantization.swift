public import DVLADiagnostics
import DVLAFiles
import DVLAJSON
import DVLAQuantization
import DVLASafetensors
public import DVLATensors

/// The INT8 tensors of a checkpoint as compressed-tensors, llm-compressor and `depthvla export`
/// name them: `X.weight` in I8 [rows, columns] beside
/// `X.weight_scale` [rows, 1], or [rows, groups] with groups of 32, 64 or 128 columns.
///
/// Tried with compressed-tensors 0.20.1 under transformers 5.24.0, which uses the same names and
/// shapes when it dequantizes. What would give other numbers there is refused by name: zero points,
/// columns in another order, scales of activations.
public struct SourceQuantization: Sendable {
  /// What an INT8 tensor is scaled by.
  struct Scales: Sendable {
    let info: TensorInfo
    let granularity: Int8Scheme.Granularity
  }

  /// By the name of the values.
  let scales: [TensorName: Scales]
  /// The checkpoint's tensors without scales: what a naming knows.
  public let tensors: [TensorInfo]
  /// What the checkpoint asks for beside its weights and is not supported.
  public let notes: [String]
  private let config: (path: String, value: JSONValue)?

  /// - Parameter config: the `config.json` that is read with the weights.
  /// - Throws: `quantization.scheme` for INT8 that is stored otherwise, and for a
  ///   `quantization_config` that speaks of another.
  init(
    _ checkpoint: Checkpoint, config: (path: String, value: JSONValue)?
  ) throws(WeightsError) {
    self.config = config
    var scales: [TensorName: Scales] = [:]
    var hidden: Set<TensorName> = []
    for info in checkpoint.tensors where info.name.string.hasSuffix(".weight_scale") {
      guard let name = info.name.valuesOfScales, let values = checkpoint.info(of: name) else {
        continue
      }
      scales[name] = try inFile(checkpoint.path) { () throws(WeightsError) in
        try Self.refuseCompanions(of: name, in: checkpoint)
        return try Self.scales(info, of: values)
      }
      hidden.insert(info.name)
    }
    self.scales = scales
    tensors =
      hidden.isEmpty
      ? checkpoint.tensors : checkpoint.tensors.filter { !hidden.contains($0.name) }
    notes = try Self.notes(checkpoint, scales, config)
  }

  /// A `quantization_config` beside tensors none of which is INT8 describes something else.
  ///
  /// - Throws: `quantization.scheme`.
  func checkDocument() throws(WeightsError) {
    guard scales.isEmpty, let config,
      let document = config.value.object?["quantization_config"], document != .null
    else { return }
    let method = document.object?["quant_method"]?.encoded().escapedForTerminal ?? "nothing"
    throw WeightsError(
      .quantizationScheme, file: config.path,
      "quantization_config says quant_method \(method), and no tensor is INT8 with scales under the "
        + "names of compressed-tensors; convert from the checkpoint before quantization, or "
        + "remove the member if the weights are floats")
  }

  /// Whether every element of a tensor of scales is a BF16 number, so that BF16 stores it exactly.
  ///
  /// - Throws: what reading throws.
  static func isBF16(_ info: TensorInfo, in source: any TensorSource) throws(WeightsError) -> Bool {
    guard info.dtype == .f32 else { return info.dtype == .bf16 }
    var start = 0
    var block: [UInt8] = []
    while start < info.byteCount {
      let count = min(1 << 16, info.byteCount - start)
      block.grow(to: count)
      try block.withBytes(count) { (bytes) throws(WeightsError) in
        try source.read(info.name, at: start, into: &bytes)
      }
      for low in stride(from: 0, to: count, by: 4) where block[low] | block[low + 1] != 0 {
        return false
      }
      start += count
    }
    return true
  }

  private static func scales(
    _ info: TensorInfo, of values: TensorInfo
  ) throws(WeightsError) -> Scales {
    func refusal(_ tensor: TensorInfo, _ message: String) -> WeightsError {
      WeightsError(.quantizationScheme, tensor: tensor.name.string, message)
    }
    guard values.dtype == .i8, values.shape.rank == 2 else {
      throw refusal(
        values,
        "has scales and is \(values.dtype.rawValue) \(values.shape); expected a matrix in I8")
    }
    guard info.dtype.isConvertibleFloat else {
      throw refusal(info, "is \(info.dtype.rawValue), expected scales in F32, BF16 or F16")
    }
    let (rows, columns) = (values.shape[0], values.shape[1])
    if info.shape == Shape([rows, 1]) { return Scales(info: info, granularity: .channel) }
    guard info.shape.rank == 2, info.shape[0] == rows, info.shape[1] > 0,
      columns.isMultiple(of: info.shape[1]),
      let size = Int8Scheme.GroupSize(rawValue: columns / info.shape[1])
    else {
      throw refusal(
        info,
        "is \(info.shape) beside values \(values.shape); expected [\(rows), 1], or a scale for "
          + "each 32, 64 or 128 columns")
    }
    return Scales(info: info, granularity: .group(size))
  }

  /// Tensors beside the values that change what they mean.
  private static func refuseCompanions(
    of name: TensorName, in checkpoint: Checkpoint
  ) throws(WeightsError) {
    let module = name.string.dropLast("weight".count)
    let companions = [
      ("weight_zero_point", "zero points: only symmetric INT8 is read"),
      ("weight_g_idx", "columns in another order (actorder): only stored order is read"),
      ("weight_global_scale", "a scale of scales: only one scale for each row or group is read"),
      ("input_scale", "a fixed scale for the layer's inputs, which the runtime does not apply"),
      ("output_scale", "a fixed scale for the layer's outputs, which the runtime does not apply"),
    ]
    for (leaf, what) in companions {
      guard let info = checkpoint.info(of: TensorName(module + leaf)) else { continue }
      throw WeightsError(
        .quantizationScheme, tensor: info.name.string,
        "holds \(what); convert from the checkpoint before quantization instead")
    }
  }

  private static func notes(
    _ checkpoint: Checkpoint, _ scales: [TensorName: Scales],
    _ config: (path: String, value: JSONValue)?
  ) throws(WeightsError) -> [String] {
    guard !scales.isEmpty, let config,
      let document = config.value.object?["quantization_config"], document != .null
    else { return [] }
    return try inFile(config.path) { () throws(WeightsError) in
      let scheme = try CompressedTensorsScheme(
        JSONReader(document, path: "quantization_config"))
      for (name, scale) in scales.sorted(by: { $0.key < $1.key }) {
        guard let values = checkpoint.info(of: name) else { continue }
        try scheme.require(scale.granularity, scale.info, of: values)
      }
      return scheme.notes
    }
  }
}

extension WeightsError.Code {
  /// A checkpoint that is quantized in a way that is not read.
  public static let quantizationScheme = Self("quantization.scheme")
}
