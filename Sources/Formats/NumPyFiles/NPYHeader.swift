import DVLADiagnostics
import DVLATensors

/// What an NPY file says of its array before the data.
struct NPYHeader {
  let dtype: DType
  let shape: Shape
  /// Where the data starts in the file.
  let dataStart: Int

  /// NumPy's own bound on the text of a header that it reads (`_MAX_HEADER_SIZE`).
  private static let maximumByteCount = 10_000

  /// - Throws: `npy.format`, `npy.header`, `npy.dtype`, `npy.order`, `npy.shape`.
  init(_ bytes: [UInt8]) throws(WeightsError) {
    guard NPY.isNPY(bytes), bytes.count >= 8 else {
      throw WeightsError(.npyFormat, "expected an NPY file, found no magic number at its start")
    }
    guard (1...3).contains(bytes[6]), bytes[7] == 0 else {
      throw WeightsError(
        .npyFormat, "expected an NPY file of version 1.0, 2.0 or 3.0, found \(bytes[6]).\(bytes[7])"
      )
    }
    let start = bytes[6] == 1 ? 10 : 12
    guard bytes.count >= start else {
      throw WeightsError(.npyHeader, "expected \(start) bytes and more, found \(bytes.count)")
    }
    let count = Int(bytes: bytes[8..<start], .littleEndian)
    guard count <= Self.maximumByteCount, count <= bytes.count - start else {
      throw WeightsError(
        .npyHeader,
        "expected a header of at most \(min(Self.maximumByteCount, bytes.count - start)) bytes, "
          + "found \(count)")
    }
    var literal = NPYLiteral(bytes[start..<start + count])
    let fields = try literal.fields()
    switch fields.descr {
    case "<f4": dtype = .f32
    case "<f8": dtype = .f64
    default:
      throw WeightsError(
        .npyDType,
        "expected elements of '<f4' or '<f8' (little-endian float32 or float64), found "
          + fields.descr.quoted)
    }
    // One axis has the same order either way, but NumPy never says so of it.
    guard !fields.fortranOrder else {
      throw WeightsError(
        .npyOrder,
        "expected row-major order, found fortran_order True: save numpy.ascontiguousarray(…)")
    }
    guard let shape = Shape(checking: fields.shape), shape.byteCount(of: dtype) != nil else {
      throw WeightsError(
        .npyShape, "expected extents whose product fits 64 bits, found \(fields.shape)")
    }
    self.shape = shape
    dataStart = start + count
  }
}

/// The Python dictionary in the header of an NPY file: exactly the keys `descr`, `fortran_order`
/// and `shape`, in any order.
private struct NPYLiteral {
  struct Fields {
    let descr: String
    let fortranOrder: Bool
    let shape: [Int]
  }

  private let bytes: ArraySlice<UInt8>
  private var position: Int

  /// NumPy's arrays have no more axes (`NPY_MAXDIMS`).
  private static let maximumRank = 64

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  /// Reads the whole text, up to the newline that ends it.
  ///
  /// - Throws: `npy.header`; `npy.dtype` for a structured type.
  mutating func fields() throws(WeightsError) -> Fields {
    var descr: String?
    var fortranOrder: Bool?
    var shape: [Int]?
    try expect("{")
    while !accept("}") {
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where descr == nil:
        guard next != UInt8(ascii: "[") else {
          throw WeightsError(
            .npyDType, "expected elements of '<f4' or '<f8', found a structured type")
        }
        descr = try string()
      case "fortran_order" where fortranOrder == nil: fortranOrder = try bool()
      case "shape" where shape == nil: shape = try tuple()
      default: throw mismatch("the keys descr, fortran_order and shape, each once", key.quoted)
      }
      if !accept(",") {
        try expect("}")
        break
      }
    }
    guard next == nil, bytes.last == UInt8(ascii: "\n") else {
      throw mismatch("spaces and a newline at the end", "other bytes")
    }
    guard let descr, let fortranOrder, let shape else {
      throw mismatch("the keys descr, fortran_order and shape", "fewer")
    }
    return Fields(descr: descr, fortranOrder: fortranOrder, shape: shape)
  }

  /// The byte after white space; nil at the end.
  private var next: UInt8? {
    mutating get {
      while position < bytes.endIndex, [0x20, 0x0A].contains(bytes[position]) { position += 1 }
      return position < bytes.endIndex ? bytes[position] : nil
    }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(WeightsError) {
    guard accept(character) else { throw mismatch("\"\(character)\"", found) }
  }

  private mutating func string() throws(WeightsError) -> String {
    guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw mismatch("a string", found)
    }
    position += 1
    guard let end = bytes[position...].firstIndex(of: quote),
      bytes[position..<end].allSatisfy({ (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\\") })
    else { throw mismatch("a string of plain characters", "another") }
    defer { position = end + 1 }
    return String(decoding: bytes[position..<end], as: UTF8.self)
  }

  private mutating func bool() throws(WeightsError) -> Bool {
    switch word() {
    case "True": return true
    case "False": return false
    case let word: throw mismatch("True or False", word.quoted)
    }
  }

  private mutating func tuple() throws(WeightsError) -> [Int] {
    var extents: [Int] = []
    try expect("(")
    while !accept(")") {
      let digits = word()
      guard let extent = Int(digits), extent >= 0, String(extent) == digits,
        extents.count < Self.maximumRank
      else { throw mismatch("up to \(Self.maximumRank) extents", digits.quoted) }
      extents.append(extent)
      if accept(",") { continue }
      // In Python `(3)` is a number, not a tuple.
      guard extents.count > 1 else { throw mismatch("\",\" after the only extent", found) }
      try expect(")")
      break
    }
    return extents
  }

  /// The letters and digits that come next.
  private mutating func word() -> String {
    guard next != nil else { return "" }
    let rest = bytes[position...]
    let end =
      rest.firstIndex { byte in
        ![0x30...0x39, 0x41...0x5A, 0x61...0x7A].contains { $0.contains(byte) }
      } ?? rest.endIndex
    defer { position = end }
    return String(decoding: bytes[position..<end], as: UTF8.self)
  }

  private var found: String {
    mutating get {
      guard let next else { return "the end" }
      return "\"\(Unicode.Scalar(next))\""
    }
  }

  private func mismatch(_ expected: String, _ found: String) -> WeightsError {
    WeightsError(
      .npyHeader,
      "header, byte \(position - bytes.startIndex): expected \(expected), found \(found)")
  }
}
