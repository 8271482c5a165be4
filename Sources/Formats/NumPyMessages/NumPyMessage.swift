public import DVLADiagnostics
public import DVLAMessagePack

/// Messages of Python programs that hold NumPy arrays.
///
/// An array is a map with the byte-string keys `__ndarray__` (true), `data` (its bytes in C order),
/// `dtype` (NumPy's `dtype.str`) and `shape`; a scalar one with `__npgeneric__` (true), `data` (the
/// value) and `dtype`. All other keys are text.
///
/// Source: openpi-client 0.1.2, `openpi_client/msgpack_numpy.py`. Stricter than it: a map has these
/// keys and no other, the bytes are as many as the shape says, and arrays of objects, records,
/// bytes, times and complex numbers are refused.
public enum NumPyMessage {
  /// Most extents of an array.
  public static let maximumRank = 8

  /// Reads a message, whose arrays are copied once.
  ///
  /// - Throws: one of the codes `message.*` that start with the place, or `message.too-large`.
  public static func decode(
    _ bytes: [UInt8], limits: MessageLimits = .default
  ) throws(WeightsError) -> NumPyValue {
    let value = try MessagePack.decode(bytes, limits: limits)
    var reader = NumPyReader(bytes: bytes, limits: limits)
    return try reader.read(value)
  }

  /// The bytes that openpi-client's `Packer` writes for the same values in Python. A scalar is
  /// written as an array without extents.
  public static func encode(_ value: NumPyValue) -> [UInt8] {
    var writer = MessagePackWriter()
    writer.reserve(byteCount(of: value))
    write(value, to: &writer)
    return writer.bytes
  }

  private static func write(_ value: NumPyValue, to writer: inout MessagePackWriter) {
    switch value {
    case .null: writer.appendNull()
    case .bool(let value): writer.append(value)
    case .integer(let value): writer.append(value)
    case .unsigned(let value): writer.append(value)
    case .number(let value): writer.append(value)
    case .text(let text): writer.append(text)
    case .bytes(let bytes): writer.append(bytes)
    case .list(let elements):
      writer.beginList(count: elements.count)
      for element in elements { write(element, to: &writer) }
    case .map(let map):
      writer.beginMap(count: map.entries.count)
      for entry in map.entries {
        writer.append(entry.key)
        write(entry.value, to: &writer)
      }
    case .array(let array):
      writer.beginMap(count: 4)
      writer.append(NumPyMarker.array)
      writer.append(true)
      writer.append(NumPyMarker.data)
      writer.append(array.bytes)
      writer.append(NumPyMarker.dtype)
      writer.append(array.dtype.description)
      writer.append(NumPyMarker.shape)
      writer.beginList(count: array.shape.count)
      for extent in array.shape { writer.append(Int64(extent)) }
    }
  }

  /// No less than what large values take.
  private static func byteCount(of value: NumPyValue) -> Int {
    switch value {
    case .list(let elements): elements.reduce(8) { $0 + byteCount(of: $1) }
    case .map(let map):
      map.entries.reduce(8) { $0 + $1.key.utf8.count + 8 + byteCount(of: $1.value) }
    case .array(let array): array.bytes.count + 128
    case .text(let text): text.utf8.count + 8
    case .bytes(let bytes): bytes.count + 8
    default: 16
    }
  }
}

/// The keys of the maps that stand for arrays and scalars.
enum NumPyMarker {
  static let array = Array("__ndarray__".utf8)
  static let scalar = Array("__npgeneric__".utf8)
  static let data = Array("data".utf8)
  static let dtype = Array("dtype".utf8)
  static let shape = Array("shape".utf8)
}
