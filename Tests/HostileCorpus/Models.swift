import DVLATestSupport

extension HostileCase {
  /// F: sound files whose tensors are no model: a DINOv2 with something changed.
  static let models: [HostileCase] = {
    var list = CaseList(.model)
    typealias Change = @Sendable (inout PlainCheckpoint) -> Void
    /// Under another name, and the tensor itself where there is one.
    @Sendable func renamed(_ change: @escaping @Sendable (String) -> [String]) -> Change {
      { checkpoint in
        var tensors: [String: PlainTensor] = [:]
        for (name, tensor) in checkpoint.tensors {
          for other in change(name) { tensors[other] = tensor }
        }
        checkpoint.tensors = tensors
      }
    }
    let one = PlainTensor("F32", [1], [0, 0, 0, 0])
    let wrapped: [(String, String?, Change)] = [
      ("names behind one prefix", nil, renamed { ["module." + $0] }),
      ("names behind a prefix of six parts", nil, renamed { ["a.b.c.d.e.f." + $0] }),
      (
        "names behind a prefix of three hundred parts", "remap.unrecognised",
        renamed { [String(repeating: "a.", count: 300) + $0] }
      ),
      ("a prefix with an empty part", nil, renamed { ["." + $0] }),
      ("two copies side by side", "remap.ambiguous", renamed { ["model." + $0, "ema." + $0] }),
      ("a copy beside the names themselves", "remap.ambiguous", renamed { [$0, "ema." + $0] }),
      (
        "a copy behind each of forty prefixes", "remap.unrecognised",
        renamed { name in (0..<40).map { "copy\($0)." + name } }
      ),
      (
        "a prefix of its own for each tensor", "remap.unrecognised",
        renamed { ["\($0.utf8.reduce(5381) { ($0 &* 33) ^ Int($1) & 0xFFFF })." + $0] }
      ),
      (
        "a wrapper inside half of the names", nil,
        renamed { [$0.replacing("encoder.", with: "encoder._orig_mod.")] }
      ),
      (
        "a wrapper without which two names are one", "remap.wrapper",
        {
          $0.tensors["layernorm._orig_mod.bias"] = $0.tensors["layernorm.bias"]
        }
      ),
      (
        "a prefix before all names but one", "remap.unrecognised",
        { checkpoint in
          renamed { ["outer." + $0] }(&checkpoint)
          checkpoint.tensors["layernorm.bias"] = checkpoint.tensors.removeValue(
            forKey: "outer.layernorm.bias")
        }
      ),
      (
        "a quantizer's leavings", "remap.refused",
        { $0.tensors["encoder.layer.0.mlp.fc1.SCB"] = one }
      ),
      (
        "an adapter's leavings", "remap.refused",
        { $0.tensors["encoder.layer.0.mlp.fc1.lora_A.weight"] = one }
      ),
      (
        "a mask token that is absent", nil, { $0.tensors["embeddings.mask_token"] = nil }
      ),
    ]
    func add(
      _ group: String, _ what: String, _ code: String?,
      _ change: @escaping @Sendable (inout PlainCheckpoint) -> Void
    ) {
      list.add(
        group, what, code,
        building: {
          var checkpoint = try PlainCheckpoint(fixture: "dinov2/hf")
          change(&checkpoint)
          return checkpoint.fileBytes
        })
    }
    let coverage = "remap.coverage"
    let scalar = PlainTensor("F32", [1], [0, 0, 0, 0])
    add("F0", "the model as it is", nil) { _ in }
    add("F1", "a tensor missing", coverage) { $0.tensors["layernorm.bias"] = nil }
    add("F1", "a tensor too many", coverage) { $0.tensors["layernorm.gamma"] = scalar }
    add("F1", "a tensor renamed", coverage) {
      $0.tensors["layernorm.beta"] = $0.tensors.removeValue(forKey: "layernorm.bias")
    }
    add("F1", "a tensor of another shape", coverage) {
      $0.tensors["encoder.layer.1.mlp.fc1.bias"]?.shape = [2, 44]
    }
    add("F1", "no tensor", "remap.unrecognised") { $0.tensors = [:] }
    add("F1", "names that nothing knows", "remap.unrecognised") {
      $0.tensors = ["a": scalar, "b": scalar]
    }
    add("F2", "no LayerScale", coverage) {
      $0.tensors = $0.tensors.filter { !$0.key.contains("layer_scale") }
    }
    add("F4", "a layer left out", coverage) {
      $0.tensors = $0.tensors.filter { !$0.key.hasPrefix("encoder.layer.2.") }
    }
    for layer in [4, 9_999_999] {
      add("F4", "a tensor of layer \(layer)", "remap.contradiction") {
        $0.tensors["encoder.layer.\(layer).norm1.bias"] =
          $0.tensors["encoder.layer.0.norm1.bias"]
      }
    }
    add("F4", "a tensor of layer 2^64", coverage) {
      $0.tensors["encoder.layer.18446744073709551616.norm1.bias"] =
        $0.tensors["encoder.layer.0.norm1.bias"]
    }
    add("F6", "a matrix transposed", "remap.contradiction") {
      $0.tensors["encoder.layer.0.mlp.fc1.weight"]?.shape.reverse()
    }
    for (what, bytes) in [
      ("NaN", [0, 0, 0xC0, 0x7F]), ("a NaN of another kind", [1, 0, 0x80, 0xFF]),
      ("infinity", [0, 0, 0x80, 0x7F]),
    ] as [(String, [UInt8])] {
      add("F10", "a weight that is \(what)", "convert.non-finite") {
        $0.tensors["layernorm.bias"]?.bytes.replaceSubrange(4..<8, with: bytes)
      }
    }
    add("F10", "integers where floats belong", "recipe.dtype") {
      $0.tensors["layernorm.bias"]?.dtype = "I32"
    }
    for (what, code, change) in wrapped { add("F11", what, code, change) }
    return list.cases + quantized
  }()

  /// F: matrices in INT8 that are not stored as compressed-tensors stores symmetric INT8.
  private static let quantized: [HostileCase] = {
    var list = CaseList(.model)
    let module = "encoder.layer.0.mlp.fc1."
    func add(
      _ what: String, _ code: String?,
      _ change: @escaping @Sendable (inout PlainCheckpoint, _ rows: Int, _ columns: Int) -> Void
    ) {
      list.add(
        "F12", what, code,
        building: {
          var checkpoint = try PlainCheckpoint(fixture: "dinov2/hf")
          let shape = checkpoint.tensors[module + "weight"]?.shape ?? []
          checkpoint.tensors[module + "weight"] = PlainTensor(
            "I8", shape, [UInt8](repeating: 3, count: shape.reduce(1, *)))
          checkpoint.tensors[module + "weight_scale"] = ones([shape[0], 1])
          change(&checkpoint, shape[0], shape[1])
          return checkpoint.fileBytes
        })
    }
    @Sendable func ones(_ shape: [Int]) -> PlainTensor {
      PlainTensor(
        "F32", shape, (0..<shape.reduce(1, *)).flatMap { _ in [0, 0, 0x80, 0x3F] as [UInt8] })
    }
    let scheme = "quantization.scheme"
    add("INT8 with a scale for each row", nil) { _, _, _ in }
    add("INT8 without scales", "recipe.dtype") { checkpoint, _, _ in
      checkpoint.tensors[module + "weight_scale"] = nil
    }
    for (what, shape) in [("one scale", [1]), ("no axis", [])] as [(String, [Int])] {
      add("INT8 with \(what) for the whole matrix", scheme) { checkpoint, _, _ in
        checkpoint.tensors[module + "weight_scale"] = ones(shape)
      }
    }
    add("scales without their second axis", scheme) { checkpoint, rows, _ in
      checkpoint.tensors[module + "weight_scale"] = ones([rows])
    }
    add("a scale for every second column", scheme) { checkpoint, rows, columns in
      checkpoint.tensors[module + "weight_scale"] = ones([rows, columns / 2])
    }
    add("scales of no group", scheme) { checkpoint, rows, _ in
      checkpoint.tensors[module + "weight_scale"] = PlainTensor("F32", [rows, 0], [])
    }
    add("scales in 8 bits", scheme) { checkpoint, rows, _ in
      checkpoint.tensors[module + "weight_scale"] = PlainTensor(
        "F8_E4M3", [rows, 1], [UInt8](repeating: 56, count: rows))
    }
    add("scales of floats", scheme) { checkpoint, rows, columns in
      checkpoint.tensors[module + "weight"] = ones([rows, columns])
    }
    for leaf in [
      "weight_zero_point", "weight_g_idx", "weight_global_scale", "input_scale", "output_scale",
    ] {
      add("\(leaf) beside INT8", scheme) { checkpoint, rows, _ in
        checkpoint.tensors[module + leaf] = ones([rows, 1])
      }
    }
    add("a scale that is NaN", "convert.non-finite") { checkpoint, _, _ in
      checkpoint.tensors[module + "weight_scale"]?.bytes.replaceSubrange(
        4..<8, with: [0, 0, 0xC0, 0x7F])
    }
    return list.cases
  }()
}
