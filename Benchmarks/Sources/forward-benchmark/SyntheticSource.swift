import DVLADiagnostics
import Synchronization
import DVLATensors

/// Weights that are drawn when they are asked for: any name, in the shape a model expects.
///
/// Values are pseudo-random and small; only their number matters for time and memory.
final class SyntheticSource: TensorSource {
  private let dtype: DType
  private let shapes: [String: Shape]

  init(dtype: DType, shapes: [String: Shape]) {
    self.dtype = dtype
    self.shapes = shapes
  }

  var tensors: [TensorInfo] { shapes.keys.sorted().compactMap { info(of: TensorName($0)) } }

  func info(of name: TensorName) -> TensorInfo? {
    if name.string.hasSuffix("_scale") {
      let values = String(name.string.dropLast("_scale".count))
      guard dtype == .i8, let shape = shapes[values], shape.rank == 2 else { return nil }
      return TensorInfo(name: name, dtype: .bf16, shape: [shape[0], 1])
    }
    guard let shape = shapes[name.string] else { return nil }
    // As recipes have it: 8 bits for matrices only.
    let stored: DType = dtype == .i8 && shape.rank != 2 ? .bf16 : dtype
    return TensorInfo(name: name, dtype: stored, shape: shape)
  }

  func read(
    _ name: TensorName, at offset: Int, into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    guard let dtype = info(of: name)?.dtype else {
      throw WeightsError(.unknownTensor, tensor: name.string, "no such tensor")
    }
    var state = UInt64(truncatingIfNeeded: offset) &+ 0x9E37_79B9_7F4A_7C15
    func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
    switch dtype {
    case .f32:
      for index in stride(from: 0, to: destination.byteCount, by: 4) {
        let value = Float(Int64(bitPattern: next()) >> 40) * 0x1p-28
        destination.storeBytes(of: value.bitPattern, toByteOffset: index, as: UInt32.self)
      }
    case .bf16:
      for index in stride(from: 0, to: destination.byteCount, by: 2) {
        let value = Float(Int64(bitPattern: next()) >> 40) * 0x1p-28
        destination.storeBytes(
          of: UInt16(truncatingIfNeeded: value.bitPattern >> 16), toByteOffset: index,
          as: UInt16.self)
      }
    default:
      for index in 0..<destination.byteCount {
        destination.storeBytes(
          of: Int8(truncatingIfNeeded: next() >> 33), toByteOffset: index, as: Int8.self)
      }
    }
  }
}
