import TestSupport

/// A source that takes a second or more to convert: one layer of a wide DINOv2, 113 MB.
enum LongWork {
  /// Writes `model.safetensors` and `config.json` into a folder of the scratch folder.
  static func write(to scratch: ScratchFolder, as name: String, width: Int = 1536) throws -> String {
    var checkpoint = PlainCheckpoint()
    // One block of noise over and over: random enough for every step, and made fast.
    let block = noise()
    func add(_ name: String, _ shape: Int...) {
      let count = shape.reduce(4, *)
      var bytes: [UInt8] = []
      bytes.reserveCapacity(count + block.count)
      while bytes.count < count { bytes.append(contentsOf: block) }
      bytes.removeLast(bytes.count - count)
      checkpoint.tensors[name] = PlainTensor("F32", shape, bytes)
    }
    add("embeddings.cls_token", 1, 1, width)
    add("embeddings.mask_token", 1, width)
    add("embeddings.position_embeddings", 1, 5, width)
    add("embeddings.patch_embeddings.projection.weight", width, 3, 14, 14)
    add("embeddings.patch_embeddings.projection.bias", width)
    for part in ["norm1", "norm2"] {
      add("encoder.layer.0.\(part).weight", width)
      add("encoder.layer.0.\(part).bias", width)
    }
    for part in ["attention.query", "attention.key", "attention.value", "output.dense"] {
      add("encoder.layer.0.attention.\(part).weight", width, width)
      add("encoder.layer.0.attention.\(part).bias", width)
    }
    add("encoder.layer.0.layer_scale1.lambda1", width)
    add("encoder.layer.0.layer_scale2.lambda1", width)
    add("encoder.layer.0.mlp.fc1.weight", 4 * width, width)
    add("encoder.layer.0.mlp.fc1.bias", 4 * width)
    add("encoder.layer.0.mlp.fc2.weight", width, 4 * width)
    add("encoder.layer.0.mlp.fc2.bias", width)
    add("layernorm.weight", width)
    add("layernorm.bias", width)
    return try checkpoint.write(to: scratch, as: name)
  }

  private static func noise() -> [UInt8] {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    return (0..<1 << 18).flatMap { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      let word = UInt32(truncatingIfNeeded: state) & 0x807F_FFFF | 0x3D00_0000
      return (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
  }
}
