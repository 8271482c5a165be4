import DVLAHashing
import DVLAKernels
import DVLARemapping
import DVLATensors

/// Draws the tensors that no source has: the same numbers on every machine, any range of them
/// without the ones before.
///
/// Normal values are ``NormalDraws``; the key of a tensor is the first eight bytes (little-endian)
/// of SHA-256 of `depthvla initial 1:SEED:TENSOR NAME`.
struct InitialGenerator: Sendable {
  private let value: InitialValue
  private let key: UInt64

  init(_ value: InitialValue, seed: UInt64, name: TensorName) {
    self.value = value
    let text = "depthvla initial 1:\(seed):\(name)"
    let digest = unsafe SHA256.hash(text.utf8.span.bytes)
    key = UInt64(bytes: digest.bytes.prefix(8), .littleEndian)
  }

  /// Fills `destination` with little-endian F32 elements from index `start` on.
  func fill(from start: Int, _ destination: inout MutableRawSpan) {
    switch value {
    case .zeros: destination.fill(0)
    case .ones: destination.fill(1)
    case .normal(let deviation):
      NormalDraws.fill(&destination, key: key, first: start, deviation: deviation)
    }
  }
}

extension MutableRawSpan {
  fileprivate mutating func fill(_ value: Float) {
    for index in 0..<byteCount / 4 { storeLittleEndian(value, at: index) }
  }
}
