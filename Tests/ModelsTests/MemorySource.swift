import DVLADiagnostics
import DVLATensors

/// Tensors in memory that a test may change.
struct MemorySource: TensorSource {
  struct Held: Sendable {
    var dtype: DType
    var shape: Shape
    var bytes: [UInt8]
  }

  var held: [TensorName: Held] = [:]

  init() {}

  /// All tensors of another source.
  init(_ source: any TensorSource) throws(WeightsError) {
    for info in source.tensors {
      held[info.name] = Held(
        dtype: info.dtype, shape: info.shape, bytes: try source.bytes(of: info.name))
    }
  }

  var tensors: [TensorInfo] { held.keys.sorted().compactMap(info(of:)) }

  func info(of name: TensorName) -> TensorInfo? {
    held[name].flatMap { TensorInfo(name: name, dtype: $0.dtype, shape: $0.shape) }
  }

  func read(
    _ name: TensorName, at offset: Int, into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    guard let tensor = held[name] else {
      throw WeightsError(.unknownTensor, tensor: name.string, "no such tensor")
    }
    for index in 0..<destination.byteCount {
      destination.storeBytes(
        of: tensor.bytes[offset + index], toByteOffset: index, as: UInt8.self)
    }
  }
}

extension MemorySource.Held {
  /// Float32 values.
  init(_ values: [Float], shape: Shape) {
    self.init(
      dtype: .f32, shape: shape,
      bytes: values.flatMap { value in
        (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
      })
  }

  /// The values of a tensor of float32.
  var floats: [Float] {
    precondition(dtype == .f32, "float32")
    return stride(from: 0, to: bytes.count, by: 4).map { start in
      Float(
        bitPattern: bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
  }

  func scaled(by factor: Float) -> Self { Self(floats.map { $0 * factor }, shape: shape) }
}

extension MemorySource {
  mutating func swap(_ a: TensorName, _ b: TensorName) { (held[a], held[b]) = (held[b], held[a]) }

  /// Swaps all tensors below two scopes.
  mutating func swapScopes(_ a: String, _ b: String) {
    for name in held.keys.map(\.string) where name.hasPrefix(a) {
      swap(TensorName(name), TensorName(b + name.dropFirst(a.count)))
    }
  }

  /// Sets every value of a tensor.
  mutating func fill(_ name: TensorName, with value: Float) {
    guard let tensor = held[name] else { preconditionFailure("no \(name)") }
    held[name] = Held(
      [Float](repeating: value, count: tensor.shape.elementCount), shape: tensor.shape)
  }
}
