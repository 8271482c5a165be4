import DVLAFiles
import DVLAKernels
import DVLARandomNumbers

/// Weights as trained models have them: normal, with a spread that follows a matrix's inputs.
struct WeightData {
  /// Little-endian float32, row-major.
  let f32: [UInt8]
  let bf16: [UInt8]
  let f16: [UInt8]

  static let columns = 2048

  /// Weights from a file of little-endian float32, as many as make whole parts.
  init(path: String) throws {
    let bytes = try readWholeFile(path: path, limit: 1 << 32)
    let whole = bytes.count / (8 * 4 * partByteCount) * (8 * 4 * partByteCount)
    self.init(
      floats: (0..<whole / 4).map { index in
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: index * 4, as: Float.self) }
      })
  }

  /// - Parameter byteCount: bytes of the float32 form, whole rows of it.
  init(byteCount: Int) {
    let count = byteCount / 4
    // Matrices of these many inputs one after the other, as in a checkpoint.
    let inputs = [1024, 1152, 2048, 4096, 16384]
    let noise = GaussianNoise(seed: 5)
    let drawn = (0..<(1 << 20)).map { noise[$0] }
    var floats = [Float](repeating: 0, count: count)
    for index in 0..<count {
      let scale = 1 / Float(inputs[index / (1 << 18) % inputs.count]).squareRoot()
      // The table is short; a stride that shares no factor with it keeps its parts apart.
      floats[index] = drawn[(index &* 7919 &+ index >> 20) & (drawn.count - 1)] * scale
    }
    self.init(floats: floats)
  }

  private init(floats: [Float]) {
    f32 = floats.withUnsafeBytes { [UInt8]($0) }
    f16 = floats.map { Float16($0) }.withUnsafeBytes { [UInt8]($0) }
    bf16 = .filled(floats.count * 2) { [f32] in FloatConversion.bf16FromF32(f32.span.bytes, into: &$0) }
  }
}

extension [UInt8] {
  static func filled(_ count: Int, _ body: (inout MutableRawSpan) -> Void) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    bytes.change(body)
    return bytes
  }

  mutating func change(_ body: (inout MutableRawSpan) -> Void) {
    var span = mutableSpan
    var raw = span.mutableBytes
    body(&raw)
  }
}
