import DVLAJSON

extension HeaderCursor {
  /// How many values and objects a document holds, to compare with limits.
  struct Census {
    var valueCount = 0
    var objectCount = 0

    func fits(_ limits: JSONLimits) -> Bool {
      valueCount <= limits.maximumValueCount && objectCount <= limits.maximumObjectCount
    }
  }

  /// More levels are left to the reader of any JSON, as are objects of more keys, which are
  /// compared in pairs, and longer literals of numbers.
  private static let levelCount = 16
  private static let keyCount = 32
  private static let numberByteCount = 64

  /// Skips a JSON value inside a string: without white space, each quote escaped, and no other
  /// escape. All that is accepted is strict JSON, with no key twice in an object.
  mutating func skipValue(
    _ census: inout Census, levels: Int = HeaderCursor.levelCount
  ) -> Bool {
    census.valueCount += 1
    switch self[position] {
    case UInt8(ascii: "\\"): return escapedText() != nil
    case UInt8(ascii: "{"): return levels > 0 && skipObject(&census, levels: levels - 1)
    case UInt8(ascii: "["): return levels > 0 && skipArray(&census, levels: levels - 1)
    case UInt8(ascii: "t"): return skip("t") && skip("r") && skip("u") && skip("e")
    case UInt8(ascii: "f"): return skip("f") && skip("a") && skip("l") && skip("s") && skip("e")
    case UInt8(ascii: "n"): return skip("n") && skip("u") && skip("l") && skip("l")
    default: return skipNumber()
    }
  }

  private mutating func escapedText() -> Range<Int>? {
    guard skip("\\"), skip("\"") else { return nil }
    let text = plainText()
    return skip("\\") && skip("\"") ? text : nil
  }

  private mutating func skipObject(_ census: inout Census, levels: Int) -> Bool {
    census.objectCount += 1
    position += 1
    if skip("}") { return true }
    let first = keys.count
    defer { keys.removeLast(keys.count - first) }
    repeat {
      guard let key = escapedText(), keys.count - first < Self.keyCount,
        !keys[first...].contains(where: { areEqual($0, key) })
      else { return false }
      keys.append(key)
      guard skip(":"), skipValue(&census, levels: levels) else { return false }
    } while skip(",")
    return skip("}")
  }

  private mutating func skipArray(_ census: inout Census, levels: Int) -> Bool {
    position += 1
    if skip("]") { return true }
    repeat {
      guard skipValue(&census, levels: levels) else { return false }
    } while skip(",")
    return skip("]")
  }

  /// A number whose integer part has at most 18 digits and whose exponent at most two: it fits 64
  /// bits, or the range of a double.
  private mutating func skipNumber() -> Bool {
    let start = position
    _ = skip("-")
    guard integer() != nil else { return false }
    if skip("."), digitCount() == 0 { return false }
    if self[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if self[position] == UInt8(ascii: "+") || self[position] == UInt8(ascii: "-") {
        position += 1
      }
      guard 1...2 ~= digitCount() else { return false }
    }
    return position - start <= Self.numberByteCount
  }

  private mutating func digitCount() -> Int {
    let start = position
    while self[position] &- UInt8(ascii: "0") < 10 { position += 1 }
    return position - start
  }
}

extension HeaderCursor {
  /// Skips the text of a document up to the quote that ends it, and checks it.
  ///
  /// - Returns: where the text is; nil where it has to be read otherwise, or is not sound.
  mutating func document(_ limits: JSONLimits) -> Range<Int>? {
    let start = position
    var census = Census()
    if skipValue(&census), self[position] == UInt8(ascii: "\""), census.fits(limits) {
      return start..<position
    }
    position = start
    guard let range = escapedDocument() else { return nil }
    let text = Self.unescaped(bytes[range])
    guard unsafe (try? StrictJSON.check(text.span.bytes, limits: limits)) != nil else { return nil }
    return range
  }

  /// Skips the text of a document up to the quote that ends it. Of all escapes it may hold those
  /// of quotes and backslashes. Whether it is UTF-8 shows when it is read: a sequence that is cut
  /// by an escape is none without the backslash either.
  mutating func escapedDocument() -> Range<Int>? {
    let start = position
    while true {
      _ = plainText()
      switch self[position] {
      case UInt8(ascii: "\""): return start..<position
      case UInt8(ascii: "\\"):
        guard [UInt8(ascii: "\\"), UInt8(ascii: "\"")].contains(self[position + 1]) else {
          return nil
        }
        position += 2
      case 0x7F...: position += 1
      default: return nil
      }
    }
  }

  /// The text without the backslashes that escape quotes and backslashes.
  static func unescaped(_ escaped: ArraySlice<UInt8>) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(escaped.count)
    var rest = escaped
    while let backslash = rest.firstIndex(of: UInt8(ascii: "\\")), backslash + 1 < rest.endIndex {
      text.append(contentsOf: rest[..<backslash])
      text.append(rest[backslash + 1])
      rest = rest[(backslash + 2)...]
    }
    text.append(contentsOf: rest)
    return text
  }
}
