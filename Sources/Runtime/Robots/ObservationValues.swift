import DVLADiagnostics
import DVLANumPyMessages

// State and instruction of an observation, and words for what came.

extension Robot.StatePart {
  /// The numbers of this part, and whether they came as float32.
  ///
  /// - Throws: `observation.kind`, `observation.not-finite`. Errors do not name the key.
  func numbers(_ value: NumPyValue) throws(WeightsError) -> (values: [Double], isSingle: Bool) {
    func mismatch() -> WeightsError {
      WeightsError(
        .observationKind,
        "expected numbers [\(width)]" + (mayBeScalar ? " or one number" : "")
          + ", found \(value.summary)")
    }
    var isSingle = false
    let values: [Double]
    switch value {
    case .array(let array):
      let isNumeric = [.float, .signed, .unsigned].contains(array.dtype.kind)
      guard isNumeric, array.shape == [width] || mayBeScalar && array.shape.isEmpty else {
        throw mismatch()
      }
      values = try array.doubles()
      isSingle = array.dtype.kind == .float && array.dtype.size == 4
    case .list(let elements):
      guard elements.count == width else { throw mismatch() }
      let numbers = elements.compactMap(\.double)
      guard numbers.count == width else { throw mismatch() }
      values = numbers
    default:
      guard mayBeScalar, let number = value.double else { throw mismatch() }
      values = [number]
    }
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw WeightsError(
        .observationNotFinite, "expected finite numbers, found \(values[index]) at [\(index)]")
    }
    return (values, isSingle)
  }
}

extension Robot.Instruction {
  /// - Throws: `observation.kind`, `observation.text`. Errors do not name the key.
  func text(_ value: NumPyValue) throws(WeightsError) -> String {
    let text: String
    switch value {
    case .text(let given): text = given
    // As NumPy's `item()`, the rank does not matter.
    case .array(let array) where array.dtype.kind == .text && array.shape.allSatisfy({ $0 == 1 }):
      text = try NumPyArray(dtype: array.dtype, shape: [], bytes: array.bytes).text()
    case .bytes(let bytes) where mayBeBytes:
      guard let given = String(validating: bytes, as: UTF8.self) else {
        throw WeightsError(.observationText, "expected UTF-8, found other bytes")
      }
      text = given
    default:
      throw WeightsError(
        .observationKind,
        "expected text" + (mayBeBytes ? " or its bytes in UTF-8" : "") + ", found \(value.summary)"
      )
    }
    try Self.check(text)
    return text
  }

  /// - Throws: `observation.text`.
  static func check(_ text: String) throws(WeightsError) {
    guard text.utf8.count <= Robot.instructionLimit, !text.utf8.contains(0) else {
      throw WeightsError(
        .observationText,
        "expected at most \(Robot.instructionLimit) bytes of text without NUL, found "
          + "\(text.utf8.count)" + (text.utf8.contains(0) ? " with NUL" : ""))
    }
  }
}

extension NumPyValue {
  /// The value of a number outside of arrays; nil where a double cannot hold it.
  fileprivate var double: Double? {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(exactly: value)
    case .unsigned(let value): Double(exactly: value)
    default: nil
    }
  }

  /// What the value is, for the "found" half of a message.
  var summary: String {
    switch self {
    case .null: "nothing (null)"
    case .bool(let value): "\(value)"
    case .integer(let value): "the integer \(value)"
    case .unsigned(let value): "the integer \(value)"
    case .number(let value): "the number \(value)"
    case .text(let text): "the text \(text.quoted)"
    case .bytes(let bytes): "\(bytes.count) bytes"
    case .list(let elements): "a list of \(elements.count)"
    case .map(let map): "a map of \(map.entries.count)"
    case .array(let array): "\(array.dtype.words) \(array.shape)"
    }
  }
}

extension NumPyType {
  /// As NumPy names it: `float32`.
  fileprivate var words: String {
    switch kind {
    case .bool: "bool"
    case .signed: "int\(8 * size)"
    case .unsigned: "uint\(8 * size)"
    case .float: "float\(8 * size)"
    case .text: "text <U\(size / 4)"
    }
  }
}
