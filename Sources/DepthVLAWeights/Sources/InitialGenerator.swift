import Hashing
import RandomNumbers
import Remapping
import TensorCore

/// Draws the tensors that no source has: the same numbers on every machine, any range of them
/// without the ones before.
///
/// Normal values are sums of twelve uniform ones (Irwin-Hall: mean 0, variance 1, within ±6).
/// Element `i` of a tensor takes three outputs of SplitMix64 at counter `3i + 1 … 3i + 3` above a
/// key that is the first eight bytes (little-endian) of SHA-256 of
/// `depthvla initial 1:SEED:TENSOR NAME`. Each output gives four 16-bit numbers; with `S` the sum
/// of the twelve, the value is `(2 S - 12 · 65535) · 2^-17 · deviation`, in double, rounded once
/// to F32.
struct InitialGenerator: Sendable {
  private let value: InitialValue
  private let outputs: SplitMix64

  init(_ value: InitialValue, seed: UInt64, name: TensorName) {
    self.value = value
    let text = "depthvla initial 1:\(seed):\(name)"
    let digest = unsafe SHA256.hash(text.utf8.span.bytes)
    outputs = SplitMix64(
      key: digest.bytes.prefix(8).enumerated().reduce(0) { $0 | UInt64($1.1) << (8 * $1.0) })
  }

  /// Fills `destination` with little-endian F32 elements from index `start` on.
  func fill(from start: Int, _ destination: inout MutableRawSpan) {
    for position in 0..<destination.byteCount / 4 {
      let element =
        switch value {
        case .zeros: Float(0)
        case .ones: Float(1)
        case .normal(let deviation): normal(start + position, deviation)
        }
      destination.storeBytes(
        of: element.bitPattern.littleEndian, toByteOffset: position * 4, as: UInt32.self)
    }
  }

  private func normal(_ index: Int, _ deviation: Double) -> Float {
    var sum: UInt64 = 0
    for draw in 1...3 as ClosedRange<UInt64> {
      var bits = outputs[3 &* UInt64(index) &+ draw]
      for _ in 0..<4 {
        sum += bits & 0xFFFF
        bits >>= 16
      }
    }
    return Float(Double(2 * Int(sum) - 12 * 65535) * 0x1p-17 * deviation)
  }
}
