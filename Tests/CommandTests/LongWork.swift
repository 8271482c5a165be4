import DVLATestSupport
import Foundation

/// A source that takes seconds to convert and no room on the disk: wide layers of a DINOv2, all
/// zeros, in a sparse file of 0.8 GB a layer.
enum LongWork {
  private static let width = 4096

  /// What the command is told to convert it.
  static func arguments(_ source: String, to target: String) -> [String] {
    [
      "convert", "--dinov2", source, "--set", "num_attention_heads=64", "--set", "mlp_ratio=4",
      "-o", target, "--force", "--threads", "1",
    ]
  }

  /// Writes `model.safetensors` into a folder of the scratch folder.
  static func write(to scratch: ScratchFolder, layers: Int) throws -> String {
    var entries: [String] = []
    var byteCount = 0
    for (name, shape) in tensors(layers: layers) {
      let end = byteCount + shape.reduce(4, *)
      entries.append(
        "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(byteCount),\(end)]}")
      byteCount = end
    }
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    let folder = try scratch.makeFolder("in")
    let path = try scratch.write(length + header, to: "in/model.safetensors")
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.truncate(atOffset: UInt64(8 + header.count + byteCount))
    try file.close()
    return folder
  }

  private static func tensors(layers: Int) -> [(name: String, shape: [Int])] {
    var result: [(name: String, shape: [Int])] = [
      ("embeddings.cls_token", [1, 1, width]), ("embeddings.mask_token", [1, width]),
      ("embeddings.position_embeddings", [1, 5, width]),
      ("embeddings.patch_embeddings.projection.weight", [width, 3, 14, 14]),
      ("embeddings.patch_embeddings.projection.bias", [width]), ("layernorm.weight", [width]),
      ("layernorm.bias", [width]),
    ]
    for layer in 0..<layers {
      func add(_ name: String, _ shape: Int...) {
        result.append(("encoder.layer.\(layer).\(name)", shape))
      }
      for part in [
        "attention.attention.query", "attention.attention.key",
        "attention.attention.value", "attention.output.dense",
      ] {
        add(part + ".weight", width, width)
        add(part + ".bias", width)
      }
      for part in ["norm1", "norm2"] {
        add(part + ".weight", width)
        add(part + ".bias", width)
      }
      add("layer_scale1.lambda1", width)
      add("layer_scale2.lambda1", width)
      add("mlp.fc1.weight", 4 * width, width)
      add("mlp.fc1.bias", 4 * width)
      add("mlp.fc2.weight", width, 4 * width)
      add("mlp.fc2.bias", width)
    }
    return result
  }
}
