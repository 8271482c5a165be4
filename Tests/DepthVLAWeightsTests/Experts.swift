import DVLATestSupport

/// The experts of the DepthVLA fixture without what the tests take from elsewhere or have drawn.
enum Experts {
  static let drawn = [
    "depth.head.bias", "depth.head.weight", "depth.input_proj.bias", "depth.input_proj.weight",
  ]

  /// Writes a checkpoint of the depth and action experts alone.
  static func write(to scratch: ScratchFolder, as name: String = "experts") throws -> String {
    var checkpoint = try PlainCheckpoint(fixture: "depthvla/plain")
    checkpoint.config = nil
    for key in checkpoint.tensors.keys
    where key.hasPrefix("vlm.") || key.hasPrefix("depth.encoder.") || drawn.contains(key) {
      checkpoint.tensors[key] = nil
    }
    return try checkpoint.write(to: scratch, as: name)
  }
}
