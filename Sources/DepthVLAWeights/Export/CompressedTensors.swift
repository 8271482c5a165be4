import BundleFormat
import Diagnostics
import Quantization
import Remapping
import StrictJSON
import TensorCore

/// INT8 as the compressed-tensors library stores it and transformers reads it: `X.weight` in I8,
/// `X.weight_scale` in BF16 [rows, 1], and a `quantization_config` that names the scheme.
///
/// Tried with transformers 5.23 and compressed-tensors 0.20: PaliGemma under its hub naming loads
/// with format `int-quantized`, strategy `channel`, status `compressed` and `run_compressed`
/// false. DINOv2 fails in transformers' own key mapping, so other families are dequantized.
struct CompressedTensors {
  private let common: CheckpointPlanner

  /// Nil where the library reads no INT8, or the user wants none.
  init?(_ common: CheckpointPlanner, manifest: NamingManifest) {
    guard manifest.family == "paligemma", manifest.naming == "hub", !common.options.dequantizes,
      common.options.dtype == nil, !common.source.quantized.isEmpty
    else { return nil }
    self.common = common
  }

  /// Values and scales of a tensor that the library reads as INT8; nil for others.
  func tensors(for tensor: ExportTensor) throws(WeightsError) -> [ExportPlan.Tensor]? {
    guard case .transformed(let inputs, let transform, _) = tensor.content,
      transform == .identity(tensor.shape), let name = inputs.first,
      let quantized = common.source.quantized[name], Self.isLinear(tensor.name),
      quantized.quantizer.scheme.granularity == .channel,
      let values = TensorInfo(name: tensor.name, dtype: .i8, shape: tensor.shape),
      let scales = TensorInfo(
        name: TensorName(tensor.name.string + "_scale"), dtype: .bf16,
        shape: quantized.quantizer.scaleShape)
    else { return nil }
    return [
      ExportPlan.Tensor(info: values, content: .stored(name), file: 0),
      ExportPlan.Tensor(info: scales, content: .stored(quantized.scales), file: 0),
    ]
  }

  /// The library quantizes `Linear` modules only; the embedding is none.
  private static func isLinear(_ name: TensorName) -> Bool {
    name.string.hasSuffix(".weight") && !name.string.contains("embed")
  }

  /// The plan's config.json with the scheme, and with the linear modules that are not INT8.
  func config(_ plan: ExportPlan) throws(WeightsError) -> JSONValue? {
    guard let members = plan.config?.object?.members else { return plan.config }
    let names = Set(plan.tensors.map(\.info.name))
    let floats = plan.tensors.map(\.info).filter { info in
      info.shape.rank == 2 && Self.isLinear(info.name) && info.dtype != .i8
        && !info.isScale(among: names)
    }
    let ignored = ["lm_head"] + floats.map { Self.moduleName($0.name) }
    let weights: JSONValue = [
      "num_bits": 8, "type": "int", "symmetric": true, "strategy": "channel", "dynamic": false,
    ]
    let group: JSONValue = [
      "targets": ["Linear"], "weights": weights, "input_activations": .null,
      "output_activations": .null,
    ]
    let quantization: JSONValue = [
      "quant_method": "compressed-tensors", "format": "int-quantized",
      "quantization_status": "compressed", "run_compressed": false,
      "config_groups": ["group_0": group],
      "ignore": .array(ignored.map { .string($0) }),
    ]
    return .object(
      JSONObject(members.map { ($0.key, $0.value) } + [("quantization_config", quantization)]))
  }

  /// The module in transformers' own tree, where hub names have been mapped since 4.52.
  private static func moduleName(_ name: TensorName) -> String {
    var module = String(name.string.dropLast(".weight".count))
    let renamed = [
      ("language_model.model.", "model.language_model."), ("vision_tower.", "model.vision_tower."),
      ("multi_modal_projector.", "model.multi_modal_projector."),
    ]
    for (old, new) in renamed where module.hasPrefix(old) {
      module = new + module.dropFirst(old.count)
      break
    }
    return module
  }
}
