import DVLABundles
import DVLADiagnostics
import DVLAFamilies
import DVLAJSON
import DVLAQuantization
import DVLARemapping
import DVLATensors

/// INT8 as the compressed-tensors library stores it and transformers reads it: `X.weight` in I8,
/// `X.weight_scale` in F32 [rows, 1] or [rows, groups], and a `quantization_config` that names the
/// scheme.
///
/// Tried with transformers 5.23.0 and 5.24.0 and compressed-tensors 0.20.1: PaliGemma under its hub
/// and save-5.6 names loads with strategies `channel` and `group`, embeddings included, where
/// each group says `int-quantized` and `dequantize` is true. Values are then multiplied in the
/// type that the scale is stored in, so scales are F32. DINOv2 fails in transformers' own key
/// mapping; other families are dequantized.
struct CompressedTensors {
  private let common: CheckpointPlanner
  /// What shares a scale in most tensors. The library fails on a folder of two kinds (seen with
  /// rows and groups of 32), so that the others are written as floats.
  private let main: Int8Scheme.Granularity
  /// The granularity of each INT8 module, by the name of its weight.
  private(set) var granularities: [TensorName: Int8Scheme.Granularity] = [:]

  /// Nil where the library reads no INT8, or the user wants none.
  init?(_ common: CheckpointPlanner, manifest: NamingManifest) {
    guard Family(rawValue: manifest.family) == .paligemma,
      ["hub", "save-5.6"].contains(manifest.naming),
      !common.options.dequantizes, common.options.dtype == nil, !common.source.quantized.isEmpty
    else { return nil }
    self.common = common
    let counts = Dictionary(grouping: common.source.quantized.values, by: \.scheme.granularity)
      .mapValues(\.count)
    main = counts.max { ($0.value, -$0.key.order) < ($1.value, -$1.key.order) }?.key ?? .channel
  }

  /// Values and scales of a tensor that the library reads as INT8; nil for others.
  mutating func tensors(
    for tensor: ExportTensor
  ) throws(WeightsError) -> [ExportPlan.Tensor]? {
    guard case .transformed(let inputs, let transform, _) = tensor.content,
      transform == .identity(tensor.shape), let name = inputs.first,
      let quantized = common.source.quantized[name], quantized.scheme.granularity == main,
      tensor.name.string.hasSuffix(".weight"),
      let values = TensorInfo(name: tensor.name, dtype: .i8, shape: tensor.shape),
      let scales = TensorInfo(
        name: tensor.name.scales, dtype: .f32,
        shape: quantized.scales.shape)
    else { return nil }
    granularities[tensor.name] = quantized.scheme.granularity
    return [
      ExportPlan.Tensor(info: values, content: .stored(name), file: 0),
      ExportPlan.Tensor(
        info: scales,
        content: .moved(
          inputs: [quantized.scales.name], transform: .identity(scales.shape), output: 0),
        file: 0),
    ]
  }

  /// The plan's config.json with the scheme, and with the modules that are not INT8.
  func config(_ plan: ExportPlan) throws(WeightsError) -> JSONValue? {
    guard let members = plan.config?.object?.members else { return plan.config }
    let names = Set(plan.tensors.map(\.info.name))
    let hasEmbedding = granularities.keys.contains(where: Self.isEmbedding)
    let floats = plan.tensors.map(\.info).filter { info in
      info.shape.rank == 2 && info.name.string.hasSuffix(".weight") && info.dtype != .i8
        && !info.isScale(among: names) && (hasEmbedding || !Self.isEmbedding(info.name))
    }
    var ignored = floats.map { Self.moduleName($0.name) }
    // A tied head has no tensor of its own.
    if !granularities.keys.contains(where: { $0.string.hasSuffix("lm_head.weight") }) {
      ignored = ["lm_head"] + ignored.filter { $0 != "lm_head" }
    }
    let quantization: JSONValue = [
      "quant_method": "compressed-tensors", "format": "int-quantized",
      "quantization_status": "compressed", "dequantize": true,
      "config_groups": groups(hasEmbedding: hasEmbedding),
      "ignore": .array(ignored.map { .string($0) }),
    ]
    return .object(
      JSONObject(members.map { ($0.key, $0.value) } + [("quantization_config", quantization)]))
  }

  /// One group for each granularity, modules by class where there is one alone, else by name.
  private func groups(hasEmbedding: Bool) -> JSONValue {
    let found = Dictionary(grouping: granularities.keys) { granularities[$0] ?? .channel }
    let ordered = found.sorted { $0.key.order < $1.key.order }
    let classes: [JSONValue] = hasEmbedding ? ["Linear", "Embedding"] : ["Linear"]
    return .object(
      JSONObject(
        ordered.enumerated().map { index, group in
          let targets =
            ordered.count == 1
            ? classes : group.value.sorted().map { .string(Self.moduleName($0)) }
          return (
            "group_\(index)",
            [
              "targets": .array(targets), "weights": Self.weights(group.key),
              "input_activations": .null, "output_activations": .null, "format": "int-quantized",
            ]
          )
        }))
  }

  private static func weights(_ granularity: Int8Scheme.Granularity) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("num_bits", 8), ("type", "int"), ("symmetric", true), ("dynamic", false),
    ]
    switch granularity {
    case .channel: members.append(("strategy", "channel"))
    case .group(let size):
      members.append(("strategy", "group"))
      members.append(("group_size", .integer(Int64(size.rawValue))))
    }
    return .object(JSONObject(members))
  }

  private static func isEmbedding(_ name: TensorName) -> Bool { name.string.contains("embed") }

  /// The module in the tree of transformers 5.6 and later.
  private static func moduleName(_ name: TensorName) -> String {
    let module = String(name.string.dropLast(".weight".count))
    let renamed = [
      ("language_model.model.", "model.language_model."),
      ("language_model.lm_head", "lm_head"),
      ("vision_tower.vision_model.", "model.vision_tower."),
      ("vision_tower.", "model.vision_tower."),
      ("multi_modal_projector.", "model.multi_modal_projector."),
    ]
    for (old, new) in renamed where module.hasPrefix(old) {
      return new + module.dropFirst(old.count)
    }
    return module
  }
}

extension Int8Scheme.Granularity {
  /// Rows first, then groups by their size.
  fileprivate var order: Int {
    if case .group(let size) = self { size.rawValue } else { 0 }
  }
}
