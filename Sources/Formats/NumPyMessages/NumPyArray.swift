public import DVLADiagnostics
import DVLATensors

/// An array in C order.
public struct NumPyArray: Sendable, Hashable {
  public let dtype: NumPyType
  /// Empty for a scalar.
  public let shape: [Int]
  public let bytes: [UInt8]

  /// - Precondition: as many bytes as type and shape say.
  public init(dtype: NumPyType, shape: [Int], bytes: [UInt8]) {
    precondition(bytes.count == shape.reduce(dtype.size, *), "as many bytes as the shape says")
    (self.dtype, self.shape, self.bytes) = (dtype, shape, bytes)
  }

  /// An array of float64, little-endian.
  ///
  /// - Precondition: as many values as the shape says.
  public init(_ values: [Double], shape: [Int]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 * values.count)
    for value in values { bytes.append(value.bitPattern, .littleEndian) }
    self.init(dtype: NumPyType(.float, size: 8), shape: shape, bytes: bytes)
  }

  /// An array of float32, little-endian.
  ///
  /// - Precondition: as many values as the shape says.
  public init(_ values: [Float], shape: [Int]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * values.count)
    for value in values { bytes.append(value, .littleEndian) }
    self.init(dtype: NumPyType(.float, size: 4), shape: shape, bytes: bytes)
  }

  /// How many elements there are.
  public var count: Int { shape.reduce(1, *) }

  /// The elements as float64, in C order; a NaN or an infinity stays one.
  ///
  /// - Throws: `message.not-numbers` for booleans and text, `message.integer-range` for an integer
  ///   that no float64 is equal to. The errors do not say where the array is.
  public func doubles() throws(WeightsError) -> [Double] {
    switch (dtype.kind, dtype.size) {
    case (.signed, 1): return try elements { (bits: UInt8) in Double(Int8(bitPattern: bits)) }
    case (.signed, 2): return try elements { (bits: UInt16) in Double(Int16(bitPattern: bits)) }
    case (.signed, 4): return try elements { (bits: UInt32) in Double(Int32(bitPattern: bits)) }
    case (.signed, 8):
      return try elements { (bits: UInt64) throws(WeightsError) in
        try Self.exact(Int64(bitPattern: bits))
      }
    case (.unsigned, 1): return bytes.map { Double($0) }
    case (.unsigned, 2): return try elements { (bits: UInt16) in Double(bits) }
    case (.unsigned, 4): return try elements { (bits: UInt32) in Double(bits) }
    case (.unsigned, 8):
      return try elements { (bits: UInt64) throws(WeightsError) in try Self.exact(bits) }
    case (.float, 2): return try elements { (bits: UInt16) in Double(Float16(bitPattern: bits)) }
    case (.float, 4): return try elements { (bits: UInt32) in Double(Float(bitPattern: bits)) }
    case (.float, 8): return try elements { (bits: UInt64) in Double(bitPattern: bits) }
    default:
      throw WeightsError(
        .messageNotNumbers, "expected an array of numbers, found one of \(dtype.words)")
    }
  }

  /// The text of a scalar of text, without the zeros that NumPy fills it with.
  ///
  /// - Throws: `message.not-text` for another array, `message.utf32` for what is no Unicode. The
  ///   errors do not say where the array is.
  public func text() throws(WeightsError) -> String {
    guard dtype.kind == .text, shape.isEmpty else {
      throw WeightsError(
        .messageNotText,
        "expected text, found an array of \(dtype.words) with the shape \(shape)")
    }
    var codes = try elements { (bits: UInt32) in bits }
    while codes.last == 0 { codes.removeLast() }
    var text = String.UnicodeScalarView()
    for code in codes {
      guard let scalar = Unicode.Scalar(code) else {
        throw WeightsError(
          .messageUTF32, "expected Unicode scalars, found 0x" + String(code, radix: 16))
      }
      text.append(scalar)
    }
    return String(text)
  }

  /// The bits of each element in the byte order of numbers here, given to `value`.
  private func elements<Bits: FixedWidthInteger & BitwiseCopyable, Value>(
    _ value: (Bits) throws(WeightsError) -> Value
  ) throws(WeightsError) -> [Value] {
    let count = bytes.count / MemoryLayout<Bits>.size
    var values: [Value] = []
    values.reserveCapacity(count)
    let span = unsafe bytes.span.bytes
    for index in 0..<count {
      let bits: Bits = span.littleEndian(at: index)
      values.append(try value(dtype.isBigEndian ? bits.byteSwapped : bits))
    }
    return values
  }

  private static func exact(_ value: some BinaryInteger) throws(WeightsError) -> Double {
    guard let number = Double(exactly: value) else {
      throw WeightsError(
        .messageIntegerRange, "expected integers that a float64 can be equal to, found \(value)")
    }
    return number
  }
}

extension NumPyType {
  /// What the elements are, for messages.
  fileprivate var words: String {
    switch kind {
    case .bool: "booleans"
    case .signed, .unsigned: "integers"
    case .float: "numbers"
    case .text: "text"
    }
  }
}
