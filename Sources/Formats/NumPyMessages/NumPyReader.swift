import DVLADiagnostics
import DVLAMessagePack
import DVLATensors

/// Makes NumPy's values of those of msgpack.
struct NumPyReader {
  let bytes: [UInt8]
  let limits: MessageLimits
  private var path = MessagePath()

  init(bytes: [UInt8], limits: MessageLimits) { (self.bytes, self.limits) = (bytes, limits) }

  mutating func read(_ value: MessagePackValue) throws(WeightsError) -> NumPyValue {
    switch value.content {
    case .null: return .null
    case .bool(let value): return .bool(value)
    case .integer(let value): return .integer(value)
    case .unsigned(let value): return .unsigned(value)
    case .number(let value): return .number(value)
    case .text(let text): return .text(text)
    case .bytes(let range): return .bytes(Array(bytes[range]))
    case .list(let elements):
      var list: [NumPyValue] = []
      list.reserveCapacity(elements.count)
      for (index, element) in elements.enumerated() {
        path.append(index: index)
        list.append(try read(element))
        path.removeLast()
      }
      return .list(list)
    case .map(let entries): return try read(entries, of: value)
    }
  }

  private mutating func read(
    _ entries: [MessagePackValue.Entry], of map: MessagePackValue
  ) throws(WeightsError) -> NumPyValue {
    for entry in entries {
      switch entry.key {
      case .bytes(NumPyMarker.array): return .array(try array(entries, of: map))
      case .bytes(NumPyMarker.scalar): return .array(try scalar(entries, of: map))
      case .text("__ndarray__"), .text("__npgeneric__"):
        // What a client writes whose msgpack has no bytes; openpi takes it for a plain map.
        throw failure(
          .messageArray, entry.value,
          "expected the key \(entry.key.description.quoted) as bytes, found it as text")
      default: continue
      }
    }
    var result: [NumPyMap.Entry] = []
    result.reserveCapacity(entries.count)
    for entry in entries {
      guard case .text(let key) = entry.key else {
        throw failure(
          .messageKey, entry.value,
          "expected a key of text, found the bytes \(entry.key.description.quoted)")
      }
      path.append(key: key)
      result.append(NumPyMap.Entry(key: key, value: try read(entry.value)))
      path.removeLast()
    }
    return .map(NumPyMap(entries: result))
  }

  private func array(
    _ entries: [MessagePackValue.Entry], of map: MessagePackValue
  ) throws(WeightsError) -> NumPyArray {
    let members = try members(
      entries, of: map, "an array",
      [NumPyMarker.array, NumPyMarker.data, NumPyMarker.dtype, NumPyMarker.shape])
    let type = try dtype(members[2])
    let shape = try shape(members[3], of: type)
    guard case .bytes(let range) = members[1].content else {
      throw failure(
        .messageArray, members[1],
        "expected the data of an array as bytes, found \(members[1].words)")
    }
    let byteCount = shape.reduce(type.size, *)
    guard byteCount == range.count else {
      throw failure(
        .messageArraySize, members[1],
        "expected \(byteCount) bytes for \(type.description) of the shape \(shape), found "
          + "\(range.count)")
    }
    return NumPyArray(dtype: type, shape: shape, bytes: Array(bytes[range]))
  }

  private func scalar(
    _ entries: [MessagePackValue.Entry], of map: MessagePackValue
  ) throws(WeightsError) -> NumPyArray {
    let members = try members(
      entries, of: map, "a scalar", [NumPyMarker.scalar, NumPyMarker.data, NumPyMarker.dtype])
    let type = try dtype(members[2])
    guard let bytes = type.bytes(of: members[1].content) else {
      throw failure(
        .messageScalar, members[1],
        "expected a value of \(type.description), found \(members[1].words)")
    }
    return NumPyArray(dtype: type, shape: [], bytes: bytes)
  }

  /// The values of the keys, which must all be there, and no others; the first, the marker, is
  /// true.
  private func members(
    _ entries: [MessagePackValue.Entry], of map: MessagePackValue, _ words: String,
    _ keys: [[UInt8]]
  ) throws(WeightsError) -> [MessagePackValue] {
    let known = keys.map { MessagePackKey.bytes($0).description }.joined(separator: ", ")
    for entry in entries {
      if case .bytes(let key) = entry.key, keys.contains(key) { continue }
      throw failure(
        .messageArray, entry.value,
        "expected \(words) of the keys \(known) as bytes, found \(entry.key.words)")
    }
    var values: [MessagePackValue] = []
    for key in keys {
      guard let entry = entries.first(where: { $0.key == .bytes(key) }) else {
        throw failure(
          .messageArray, map,
          "expected \(words) of the keys \(known), found no "
            + MessagePackKey.bytes(key).description)
      }
      values.append(entry.value)
    }
    guard values[0].content == .bool(true) else {
      throw failure(
        .messageArray, values[0],
        "expected true for the key that marks \(words), found \(values[0].words)")
    }
    return values
  }

  private func dtype(_ value: MessagePackValue) throws(WeightsError) -> NumPyType {
    guard case .text(let text) = value.content else {
      throw failure(.messageArray, value, "expected a dtype as text, found \(value.words)")
    }
    let type: NumPyType
    do { type = try NumPyType(dtype: text) } catch {
      throw failure(
        .messageDType, value,
        "expected a dtype of booleans, integers, floats or text, found \(text.quoted): "
          + error.words)
    }
    guard type.kind != .text || type.size / 4 <= limits.maximumTextByteCount else {
      throw failure(
        .messageTextTooLong, value,
        "expected a text of at most \(limits.maximumTextByteCount) characters, found \(text.quoted)"
      )
    }
    return type
  }

  /// - Returns: extents whose product with the size of an element fits an `Int`.
  private func shape(
    _ value: MessagePackValue, of type: NumPyType
  ) throws(WeightsError) -> [Int] {
    guard case .list(let extents) = value.content else {
      throw failure(.messageShape, value, "expected a shape as a list, found \(value.words)")
    }
    guard extents.count <= NumPyMessage.maximumRank else {
      throw failure(
        .messageShape, value,
        "expected at most \(NumPyMessage.maximumRank) extents, found \(extents.count)")
    }
    var shape: [Int] = []
    var byteCount = type.size
    for extent in extents {
      guard case .integer(let count) = extent.content, let count = Int(exactly: count), count >= 0
      else {
        throw failure(
          .messageShape, extent, "expected an extent from 0 to 2^63 - 1, found \(extent.words)")
      }
      shape.append(count)
      let (product, overflows) = byteCount.multipliedReportingOverflow(by: max(count, 1))
      guard !overflows else {
        throw failure(
          .messageShape, value, "expected fewer than 2^63 bytes, found the shape \(shape)…")
      }
      byteCount = product
    }
    return shape
  }

  private func failure(
    _ code: WeightsError.Code, _ value: MessagePackValue, _ message: String
  ) -> WeightsError {
    WeightsError(code, "\(path.place(value.offset)): \(message)")
  }
}

extension MessagePackKey {
  fileprivate var words: String {
    switch self {
    case .text(let text): text.quoted + " as text"
    case .bytes: description.quoted
    }
  }
}
