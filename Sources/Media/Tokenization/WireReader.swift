import DVLADiagnostics
import DVLATensors

/// The fields of one message in protobuf's wire format, in their order.
struct WireReader {
  enum WireType: Int {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case fixed32 = 5
  }

  enum Value {
    case varint(UInt64)
    case fixed64
    case bytes(ArraySlice<UInt8>)
    case fixed32(UInt32)
  }

  private var rest: ArraySlice<UInt8>

  init(_ message: ArraySlice<UInt8>) { rest = message }

  /// The next field; nil at the end.
  mutating func next() throws(WeightsError) -> (field: Int, value: Value)? {
    guard !rest.isEmpty else { return nil }
    let start = rest.startIndex
    let key = try varint()
    guard let type = WireType(rawValue: Int(key & 7)), key >> 3 > 0, key >> 3 < 1 << 29 else {
      throw Self.malformed("starts no field at byte \(start)")
    }
    let value: Value
    switch type {
    case .varint: value = .varint(try varint())
    case .fixed64:
      _ = try take(8)
      value = .fixed64
    case .bytes: value = .bytes(try take(varint()))
    case .fixed32:
      value = .fixed32(UInt32(bytes: try take(4), .littleEndian))
    }
    return (Int(key >> 3), value)
  }

  private mutating func take(_ count: UInt64) throws(WeightsError) -> ArraySlice<UInt8> {
    guard count <= rest.count else {
      throw Self.malformed(
        "ends early: a field at byte \(rest.startIndex) has \(count) bytes, and \(rest.count) are "
          + "left")
    }
    let taken = rest.prefix(Int(count))
    rest = rest.dropFirst(Int(count))
    return taken
  }

  private mutating func varint() throws(WeightsError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      guard let byte = rest.popFirst() else {
        throw Self.malformed("ends early, inside a number at byte \(rest.startIndex)")
      }
      guard shift < 63 || byte < 2 else { break }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    throw Self.malformed("has a number of more than 64 bits before byte \(rest.startIndex)")
  }

  static func malformed(_ problem: String) -> WeightsError {
    WeightsError(.tokenizerMalformed, "not a sound SentencePiece model: it \(problem)")
  }
}
