public import DVLADiagnostics

/// The rules of the gate. A message starts with the line and column, or for the last three with the
/// path of the value; those of `json.too-large` and `json.disagreement` concern the whole text and
/// name no place.
extension WeightsError.Code {
  /// Bytes that are no UTF-8: a stray or missing continuation byte, or above U+10FFFF.
  public static let jsonUTF8 = Self("json.utf8")
  /// A scalar in more UTF-8 bytes than it needs.
  public static let jsonOverlong = Self("json.utf8-overlong")
  /// A surrogate encoded as UTF-8.
  public static let jsonEncodedSurrogate = Self("json.utf8-surrogate")
  /// A byte order mark, of UTF-8, UTF-16 or UTF-32.
  public static let jsonByteOrderMark = Self("json.byte-order-mark")
  /// A NUL byte in the text.
  public static let jsonNULByte = Self("json.nul-byte")
  /// A key with an escaped NUL.
  public static let jsonNUL = Self("json.nul")
  /// A control character inside a string that is not escaped.
  public static let jsonControlCharacter = Self("json.control-character")
  /// Half of a surrogate pair as an escape.
  public static let jsonSurrogateEscape = Self("json.surrogate-escape")
  /// An escape that JSON does not have.
  public static let jsonEscape = Self("json.escape")
  /// Text that is not JSON, for a reason without a code of its own.
  public static let jsonSyntax = Self("json.syntax")
  /// The text ends inside a value, or holds none.
  public static let jsonTruncated = Self("json.truncated")
  /// Something after the value.
  public static let jsonTrailing = Self("json.trailing")
  /// A comma after the last element of an array or object.
  public static let jsonTrailingComma = Self("json.trailing-comma")
  /// A comment, which JSON does not have.
  public static let jsonComment = Self("json.comment")
  /// A string in single quotes.
  public static let jsonSingleQuote = Self("json.single-quote")
  /// NaN or Infinity.
  public static let jsonNonFinite = Self("json.non-finite")
  /// A numeric literal of a form JSON does not have, such as `01`, `1.` or `+1`, or too long.
  public static let jsonNumber = Self("json.number")
  /// An integer literal beyond 64 bits.
  public static let jsonIntegerRange = Self("json.integer-range")
  /// A number beyond the largest double.
  public static let jsonNumberRange = Self("json.number-range")
  /// Two equal keys in one object.
  public static let jsonDuplicateKey = Self("json.duplicate-key")
  /// More objects and arrays inside each other than the limit.
  public static let jsonDepth = Self("json.depth")
  /// The text is longer than the limit.
  public static let jsonTooLarge = Self("json.too-large")
  /// The text has more values than the limit.
  public static let jsonTooManyValues = Self("json.too-many-values")
  /// The text has more objects than the limit.
  public static let jsonTooManyObjects = Self("json.too-many-objects")
  /// json-c read the text otherwise than the gate did.
  public static let jsonDisagreement = Self("json.disagreement")

  /// A value of another type, or an integer outside its range.
  public static let jsonType = Self("json.type")
  /// An object lacks a key that it must have.
  public static let jsonMissingKey = Self("json.missing-key")
  /// An object has a key that is not defined.
  public static let jsonUnknownKey = Self("json.unknown-key")
}
