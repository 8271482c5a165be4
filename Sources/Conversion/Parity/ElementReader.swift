import DVLADiagnostics
import DVLAKernels
import DVLASafetensors
import DVLATensors

/// Reads the elements of a tensor of a file as numbers, any range of them at a time.
struct ElementReader {
  private let file: SafetensorsFile
  private let info: TensorInfo
  private var bytes: [UInt8] = []

  static let floatingTypes: [DType] = [.f64, .f32, .f16, .bf16]
  static let integerTypes: [DType] = [.i64, .i32, .i16, .i8, .u32, .u16, .u8, .bool]

  /// - Precondition: the type is one of ``floatingTypes`` or ``integerTypes``.
  init(_ info: TensorInfo, in file: SafetensorsFile) {
    precondition(
      Self.floatingTypes.contains(info.dtype) || Self.integerTypes.contains(info.dtype),
      "numbers this reader knows")
    self.file = file
    self.info = info
  }

  /// Replaces `values` by the elements of the range, widened exactly.
  ///
  /// - Throws: what reading throws.
  /// - Precondition: the type is a floating one.
  mutating func read(_ range: Range<Int>, into values: inout [Double]) throws(WeightsError) {
    try fill(range)
    let count = range.count
    values.removeAll(keepingCapacity: true)
    values.reserveCapacity(count)
    switch info.dtype {
    case .f64:
      for index in 0..<count { values.append(Double(bitPattern: load(index, as: UInt64.self))) }
    case .f32:
      for index in 0..<count {
        values.append(Double(Float(bitPattern: load(index, as: UInt32.self))))
      }
    case .bf16:
      for index in 0..<count {
        let bits = UInt32(load(index, as: UInt16.self)) << 16
        values.append(Double(Float(bitPattern: bits)))
      }
    default:
      precondition(info.dtype == .f16, "a floating type")
      widenHalves(count)
      for index in 0..<count {
        values.append(Double(Float(bitPattern: load(index, as: UInt32.self))))
      }
    }
  }

  /// The elements of the range as whole numbers.
  ///
  /// - Throws: `golden.value` for a boolean that is neither 0 nor 1; what reading throws.
  /// - Precondition: the type is an integer one.
  mutating func integers(_ range: Range<Int>) throws(WeightsError) -> [Int] {
    try fill(range)
    let count = range.count
    switch info.dtype {
    case .i64: return (0..<count).map { Int(Int64(bitPattern: load($0, as: UInt64.self))) }
    case .i32: return (0..<count).map { Int(Int32(bitPattern: load($0, as: UInt32.self))) }
    case .u32: return (0..<count).map { Int(load($0, as: UInt32.self)) }
    case .i16: return (0..<count).map { Int(Int16(bitPattern: load($0, as: UInt16.self))) }
    case .u16: return (0..<count).map { Int(load($0, as: UInt16.self)) }
    case .i8: return bytes.prefix(count).map { Int(Int8(bitPattern: $0)) }
    default:
      precondition(info.dtype == .u8 || info.dtype == .bool, "an integer type")
      if info.dtype == .bool, let index = bytes.prefix(count).firstIndex(where: { $0 > 1 }) {
        throw WeightsError(
          .goldenValue, file: file.path, tensor: info.name.string,
          "element \(range.lowerBound + index) is \(bytes[index]); a BOOL must be 0 or 1")
      }
      return bytes.prefix(count).map { Int($0) }
    }
  }

  /// Reads the bytes of the range to the front of `bytes`.
  private mutating func fill(_ range: Range<Int>) throws(WeightsError) {
    let width = info.dtype.bitWidth / 8
    let byteCount = range.count * width
    let (file, name) = (file, info.name)
    if bytes.count < byteCount { bytes = [UInt8](repeating: 0, count: byteCount) }
    var span = bytes.mutableSpan
    // Bytes of an array of integers may have any value.
    var raw = unsafe span.mutableBytes
    var part = raw._mutatingExtracting(0..<byteCount)
    try file.read(name, at: range.lowerBound * width, into: &part)
  }

  private mutating func widenHalves(_ count: Int) {
    var widened = [UInt8](repeating: 0, count: count * 4)
    var span = widened.mutableSpan
    // As in `fill`.
    var raw = unsafe span.mutableBytes
    unsafe FloatConversion.f32FromF16(bytes.span.bytes.extracting(0..<count * 2), into: &raw)
    bytes = widened
  }

  /// A little-endian word of what was read last.
  private func load<Word: FixedWidthInteger & BitwiseCopyable>(_ index: Int, as type: Word.Type)
    -> Word
  {
    unsafe bytes.span.bytes.littleEndian(at: index)
  }
}
