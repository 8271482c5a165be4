/// The type of an array's elements: what NumPy's `dtype.str` says.
public struct NumPyType: Sendable, Hashable {
  public enum Kind: Character, Sendable, Hashable {
    case bool = "b"
    case signed = "i"
    case unsigned = "u"
    case float = "f"
    /// UTF-32.
    case text = "U"
  }

  public let kind: Kind
  /// Bytes of an element.
  public let size: Int
  /// Never of elements of one byte.
  public let isBigEndian: Bool

  public init(_ kind: Kind, size: Int, isBigEndian: Bool = false) {
    (self.kind, self.size) = (kind, size)
    self.isBigEndian = isBigEndian && size > 1
  }

  /// What NumPy's `dtype.str` says, such as `|u1`, `<f4`, `>i8` or `<U12`.
  public var description: String {
    let order = size == 1 ? "|" : isBigEndian ? ">" : "<"
    return "\(order)\(kind.rawValue)\(kind == .text ? size / 4 : size)"
  }
}

extension NumPyType {
  /// Why a type is not read.
  struct Refusal: Error {
    /// What would be there.
    let words: String
  }

  private static let sizes: [Kind: [Int]] = [
    .bool: [1], .signed: [1, 2, 4, 8], .unsigned: [1, 2, 4, 8], .float: [2, 4, 8],
  ]

  private static let names: [String: NumPyType] = [
    "bool": Self(.bool, size: 1),
    "int8": Self(.signed, size: 1), "int16": Self(.signed, size: 2),
    "int32": Self(.signed, size: 4), "int64": Self(.signed, size: 8),
    "uint8": Self(.unsigned, size: 1), "uint16": Self(.unsigned, size: 2),
    "uint32": Self(.unsigned, size: 4), "uint64": Self(.unsigned, size: 8),
    "float16": Self(.float, size: 2), "float32": Self(.float, size: 4),
    "float64": Self(.float, size: 8),
  ]

  /// The type that NumPy makes of the text on a little-endian machine: of `dtype.str`, of that
  /// without the byte order, and of the type's name, since programs that write messages without
  /// NumPy write these.
  init(dtype text: String) throws(Refusal) {
    if let named = Self.names[text] {
      self = named
      return
    }
    var code = Substring(text)
    let order = code.first.flatMap { "<>=|".contains($0) ? $0 : nil }
    if order != nil { code.removeFirst() }
    if code == "?" {
      self.init(.bool, size: 1)
      return
    }
    guard let letter = code.popFirst() else { throw Refusal(words: "no type") }
    guard let kind = Kind(rawValue: letter) else { throw Refusal(words: Self.words(letter)) }
    // As NumPy writes numbers: no sign, no leading zero.
    guard let number = Int(code), number > 0, String(number) == code, number <= Int(Int32.max)
    else {
      throw Refusal(words: "a size that is none")
    }
    guard kind == .text || Self.sizes[kind]?.contains(number) == true else {
      throw Refusal(words: "elements of another size")
    }
    self.init(kind, size: kind == .text ? 4 * number : number, isBigEndian: order == ">")
  }

  private static func words(_ letter: Character) -> String {
    switch letter {
    case "O": "Python objects"
    case "V": "records or raw bytes"
    case "c": "complex numbers"
    case "M", "m": "times"
    case "S", "a": "bytes"
    default: "another type"
    }
  }
}
