public import DVLADiagnostics

/// What is known of a tensor without reading its data.
public struct TensorInfo: Hashable, Sendable {
  public let name: TensorName
  public let dtype: DType
  public let shape: Shape
  /// Bytes of the data: elements times width.
  public let byteCount: Int

  /// Nil when the byte count overflows or is not whole.
  public init?(name: TensorName, dtype: DType, shape: Shape) {
    guard let byteCount = shape.byteCount(of: dtype) else { return nil }
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.byteCount = byteCount
  }
}

/// Something that holds named tensors: a checkpoint or a bundle. Formats implement it, models and
/// conversions read through it, and neither depends on the other.
public protocol TensorSource: Sendable {
  /// Every tensor, in the order it is stored.
  var tensors: [TensorInfo] { get }

  /// The tensor of that name, or nil.
  func info(of name: TensorName) -> TensorInfo?

  /// Fills `destination` with the bytes of the tensor that start at `offset`. Little-endian,
  /// row-major, as safetensors stores them. Safe to call from several threads at once.
  ///
  /// - Throws: `tensor.unknown` when there is no such tensor, `tensor.range` when the range is not
  ///   inside it; what the format finds wrong with the bytes.
  func read(
    _ name: TensorName, at offset: Int, into destination: inout MutableRawSpan
  ) throws(WeightsError)

  /// The bytes of the tensor if they are in memory already, as yet unchecked; nil if they have to
  /// be read. Before they are used, ``check(_:in:)`` must check all of them.
  func residentBytes(of name: TensorName) -> TensorBytes?

  /// Checks a range of a tensor's resident bytes as a read checks what it reads. Safe to call from
  /// several threads at once.
  ///
  /// - Throws: what the format finds wrong with the bytes.
  func check(_ name: TensorName, in range: Range<Int>) throws(WeightsError)
}

extension TensorSource {
  public func residentBytes(of name: TensorName) -> TensorBytes? { nil }
  public func check(_ name: TensorName, in range: Range<Int>) throws(WeightsError) {}
}

extension WeightsError.Code {
  /// There is no tensor of that name.
  public static let unknownTensor = Self("tensor.unknown")
  /// Rows or elements beyond the end of a tensor.
  public static let tensorRange = Self("tensor.range")
}

extension TensorSource {
  /// All bytes of a tensor.
  ///
  /// - Throws: `tensor.unknown`; what reading the source throws.
  public func bytes(of name: TensorName) throws(WeightsError) -> [UInt8] {
    guard let info = info(of: name) else {
      throw WeightsError(.unknownTensor, tensor: name.string, "no such tensor")
    }
    var bytes = [UInt8](repeating: 0, count: info.byteCount)
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    try read(name, at: 0, into: &raw)
    return bytes
  }
}
