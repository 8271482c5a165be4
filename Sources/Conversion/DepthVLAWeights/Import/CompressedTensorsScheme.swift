import DVLADiagnostics
import DVLAJSON
import DVLAQuantization
import DVLATensors

/// A `quantization_config` of the compressed-tensors library, for values in I8.
///
/// Its members are those of `QuantizationConfig`, `QuantizationScheme` and `QuantizationArgs` of
/// compressed-tensors 0.20.1. The tensors show which modules are quantized, so `targets` and
/// `ignore` decide nothing here, as they decide nothing when transformers dequantizes.
struct CompressedTensorsScheme {
  /// What shares a scale, by group; empty where the document has no groups.
  private var granularities: Set<Int8Scheme.Granularity> = []
  /// What is asked for beside the weights, and is not done.
  private(set) var notes: [String] = []

  /// - Throws: `quantization.scheme` for what would give other numbers; `json.*`.
  init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object()
    for (key, value) in object.members {
      switch key {
      case "quant_method": try value.require(["compressed-tensors"])
      case "format": try value.require(["int-quantized", .null])
      case "config_groups":
        for (_, group) in try value.object().members { try read(group) }
      case "kv_cache_scheme", "transform_config", "sparsity_config", "moe_sparsity_config":
        try value.require([.null, .object(JSONObject())])
      case "quantization_status", "global_compression_ratio", "ignore", "dequantize",
        "run_compressed", "version":
        continue
      default: throw value.unknownKey
      }
    }
  }

  /// - Throws: `quantization.scheme` where no group of the document has such scales.
  func require(
    _ granularity: Int8Scheme.Granularity, _ scales: TensorInfo, of values: TensorInfo
  ) throws(WeightsError) {
    guard !granularities.isEmpty, !granularities.contains(granularity) else { return }
    // A group as wide as the row is the row.
    let whole = Int8Scheme.GroupSize(rawValue: values.shape[1])
    if granularity == .channel, let whole, granularities.contains(.group(whole)) { return }
    let known = granularities.map(\.words).sorted().joined(separator: " or ")
    throw WeightsError(
      .quantizationScheme, tensor: scales.name.string,
      "is \(scales.shape), scales for \(granularity.words), and config_groups says \(known)")
  }

  private mutating func read(_ group: JSONReader) throws(WeightsError) {
    for (key, value) in try group.object().members {
      switch key {
      case "targets": continue
      case "weights": try readWeights(value)
      case "format": try value.require(["int-quantized", .null])
      case "output_activations": try value.require([.null])
      case "input_activations": try readActivations(value)
      default: throw value.unknownKey
      }
    }
  }

  private mutating func readWeights(_ weights: JSONReader) throws(WeightsError) {
    let object = try weights.object()
    var size: JSONReader?
    for (key, value) in object.members {
      switch key {
      case "num_bits": try value.require([8])
      case "type": try value.require(["int"])
      case "symmetric": try value.require([true])
      case "dynamic": try value.require([false])
      case "actorder": try value.require([.null, false])
      case "block_structure": try value.require([.null])
      case "strategy": try value.require(["channel", "group"])
      case "group_size": size = value
      case "scale_dtype", "zp_dtype", "observer", "observer_kwargs": continue
      default: throw value.unknownKey
      }
    }
    guard let strategy = object.optional("strategy") else { return }
    guard strategy.value == "group" else {
      try size?.require([.null, -1])
      granularities.insert(.channel)
      return
    }
    guard let found = size?.value.integer, let known = Int8Scheme.GroupSize(rawValue: found) else {
      throw (size ?? strategy).failure(
        .quantizationScheme,
        "expected groups of 32, 64 or 128 columns, found "
          + (size?.value.encoded() ?? "no group_size"))
    }
    granularities.insert(.group(known))
  }

  /// Inputs that the library would quantize token by token. It does not where it dequantizes the
  /// weights, and no more does the runtime.
  private mutating func readActivations(_ reader: JSONReader) throws(WeightsError) {
    guard !reader.isNull else { return }
    guard let dynamic = reader.value.object?["dynamic"], dynamic == true || dynamic == "local"
    else {
      throw reader.failure(
        .quantizationScheme,
        "asks for fixed scales of activations, which the runtime does not "
          + "apply; convert from the checkpoint before quantization instead")
    }
    let note =
      "\(reader.path) asks for activations in 8 bits; they are not rounded so here, as transformers "
      + "does not round them with \"dequantize\": true"
    if !notes.contains(note) { notes.append(note) }
  }
}

extension JSONReader {
  /// - Throws: `quantization.scheme` for any other value.
  fileprivate func require(_ allowed: [JSONValue]) throws(WeightsError) {
    guard !allowed.contains(value) else { return }
    throw failure(
      .quantizationScheme,
      "expected \(allowed.map { $0.encoded() }.joined(separator: " or ")), "
        + "found \(summaryOfValue)")
  }

  fileprivate var unknownKey: WeightsError {
    failure(
      .quantizationScheme,
      "is not a key of compressed-tensors 0.20, so its effect is unknown; found "
        + summaryOfValue)
  }

  private var summaryOfValue: String { value.encoded().escapedForTerminal }
}

extension Int8Scheme.Granularity {
  /// What shares a scale, in words.
  var words: String {
    switch self {
    case .channel: "whole rows"
    case .group(let size): "groups of \(size.rawValue) columns"
    }
  }
}
