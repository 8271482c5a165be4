import DVLADiagnostics

/// The strict lexical pass over a JSON text (RFC 8259), made before json-c sees it: json-c reads
/// much that is no JSON, and some of it otherwise than other readers do.
///
/// The pass is iterative and linear; beside the text it needs memory only for open containers and
/// for the keys of open objects.
struct Gate {
  /// What the reader after the gate needs to know of an accepted text.
  struct Accepted {
    let valueCount: Int
    /// Where each `-0` literal ends, ascending.
    let negativeZeroEnds: [Int]
  }

  /// What the grammar allows next.
  private enum Expectation {
    case value, firstElement, element, firstKey, key, separator
  }

  private enum Container { case array, object }

  let text: ByteText
  let limits: JSONLimits
  var position = 0
  var negativeZeroEnds: [Int] = []
  var keys: KeyLedger
  private var valueCount = 0
  private var objectCount = 0
  private var open: [Container] = []

  private init(_ text: ByteText, _ limits: JSONLimits) {
    self.text = text
    self.limits = limits
    keys = KeyLedger(text: text)
  }

  static func check(_ text: ByteText, limits: JSONLimits) throws(WeightsError) -> Accepted {
    var gate = Gate(text, limits)
    try gate.refuseByteOrderMark()
    try gate.scanDocument()
    return Accepted(valueCount: gate.valueCount, negativeZeroEnds: gate.negativeZeroEnds)
  }

  private mutating func scanDocument() throws(WeightsError) {
    var expectation = Expectation.value
    while true {
      skipWhiteSpace()
      let byte = text[position]
      switch expectation {
      case .firstElement where byte == UInt8(ascii: "]"), .firstKey where byte == UInt8(ascii: "}"):
        try close()
        expectation = .separator
      case .value, .firstElement, .element:
        if byte == UInt8(ascii: "]"), expectation == .element { throw trailingComma() }
        expectation = try scanValue(byte)
      case .firstKey, .key:
        if byte == UInt8(ascii: "}"), expectation == .key { throw trailingComma() }
        try scanKey(byte)
        expectation = .value
      case .separator:
        guard let container = open.last else {
          guard position >= text.count else {
            throw unexpected("the end of the text", code: .jsonTrailing)
          }
          return
        }
        expectation = try scanSeparator(byte, in: container)
      }
    }
  }

  private mutating func scanValue(_ byte: UInt8) throws(WeightsError) -> Expectation {
    valueCount &+= 1
    guard valueCount <= limits.maximumValueCount else {
      throw failure(
        .jsonTooManyValues, "expected at most \(limits.maximumValueCount) values, found more")
    }
    switch byte {
    case UInt8(ascii: "\""):
      _ = try scanString(asKey: false)
    case UInt8(ascii: "{"):
      try descend(into: .object)
      return .firstKey
    case UInt8(ascii: "["):
      try descend(into: .array)
      return .firstElement
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      try scanNumber()
    case UInt8(ascii: "t"): try scanLiteral("true")
    case UInt8(ascii: "f"): try scanLiteral("false")
    case UInt8(ascii: "n"): try scanLiteral("null")
    default: throw unexpected("a value")
    }
    return .separator
  }

  private mutating func scanKey(_ byte: UInt8) throws(WeightsError) {
    guard byte == UInt8(ascii: "\"") else { throw unexpected("a key in double quotes") }
    let hasEscapes = try scanString(asKey: true)
    keys.endKey(at: position - 1, hasEscapes: hasEscapes)
    skipWhiteSpace()
    guard text[position] == UInt8(ascii: ":") else { throw unexpected("\":\" after a key") }
    position &+= 1
  }

  private mutating func scanSeparator(
    _ byte: UInt8, in container: Container
  ) throws(WeightsError) -> Expectation {
    switch (byte, container) {
    case (UInt8(ascii: ","), .array):
      position &+= 1
      return .element
    case (UInt8(ascii: ","), .object):
      position &+= 1
      return .key
    case (UInt8(ascii: "]"), .array), (UInt8(ascii: "}"), .object):
      try close()
      return .separator
    case (_, .array): throw unexpected("\",\" or \"]\"")
    case (_, .object): throw unexpected("\",\" or \"}\"")
    }
  }

  private mutating func descend(into container: Container) throws(WeightsError) {
    guard open.count < limits.maximumDepth else {
      throw failure(
        .jsonDepth, "expected at most \(limits.maximumDepth) open objects and arrays, found more")
    }
    open.append(container)
    if container == .object {
      objectCount &+= 1
      guard objectCount <= limits.maximumObjectCount else {
        throw failure(
          .jsonTooManyObjects, "expected at most \(limits.maximumObjectCount) objects, found more")
      }
      keys.beginObject()
    }
    position &+= 1
  }

  private mutating func close() throws(WeightsError) {
    if open.removeLast() == .object { try keys.endObject() }
    position &+= 1
  }

  private mutating func scanLiteral(_ word: StaticString) throws(WeightsError) {
    let start = position
    for scalar in word.description.utf8 {
      guard text[position] == scalar else {
        if text[position] >= 0x20 { position = start }
        throw unexpected("\(word)")
      }
      position &+= 1
    }
  }

  @inline(__always)
  private mutating func skipWhiteSpace() {
    while true {
      switch text[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position &+= 1
      default: return
      }
    }
  }
}

extension Gate {
  func failure(_ code: WeightsError.Code, _ message: String) -> WeightsError {
    text.failure(code, at: position, message)
  }

  func trailingComma() -> WeightsError {
    failure(.jsonTrailingComma, "expected no comma before \(text.found(at: position))")
  }

  /// The error for a byte the grammar does not allow here. Common dialects and mishaps have codes
  /// of their own.
  func unexpected(
    _ expected: String, code: WeightsError.Code = .jsonSyntax
  ) -> WeightsError {
    guard position < text.count else {
      return failure(.jsonTruncated, "expected \(expected), found the end of the text")
    }
    let byte = text[position]
    switch byte {
    case 0: return nulByte()
    case UInt8(ascii: "'"):
      return failure(.jsonSingleQuote, "expected \(expected), found a single quote")
    case UInt8(ascii: "/"), UInt8(ascii: "#"):
      return failure(.jsonComment, "expected \(expected), found \(text.found(at: position))")
    case UInt8(ascii: "+"), UInt8(ascii: "."):
      return failure(.jsonNumber, "expected \(expected), found \(text.found(at: position))")
    case 0x80...:
      if case .invalid(let code, let message) = text.scalarLength(at: position) {
        return failure(code, message)
      }
    default:
      if let name = nonFiniteName(at: position) {
        return failure(.jsonNonFinite, "expected \(expected), found \(name)")
      }
    }
    return failure(code, "expected \(expected), found \(text.found(at: position))")
  }

  func nulByte() -> WeightsError {
    failure(.jsonNULByte, "expected JSON text, found a NUL byte")
  }

  /// The spelling of NaN or infinity that begins at an offset.
  func nonFiniteName(at offset: Int) -> String? {
    ["NaN", "Infinity", "nan", "inf", "Inf"].first { name in
      name.utf8.enumerated().allSatisfy { text[offset + $0.offset] == $0.element }
    }
  }

  func refuseByteOrderMark() throws(WeightsError) {
    let encoding: String
    switch (text[0], text[1], text[2]) {
    case (0xEF, 0xBB, 0xBF): encoding = "UTF-8"
    case (0xFF, 0xFE, _): encoding = "UTF-16 or UTF-32"
    case (0xFE, 0xFF, _): encoding = "UTF-16"
    default: return
    }
    throw failure(
      .jsonByteOrderMark, "expected UTF-8 without a mark, found the byte order mark of \(encoding)")
  }
}
