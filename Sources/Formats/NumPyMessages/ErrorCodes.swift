public import DVLADiagnostics

/// What is wrong with an array of a message that is sound msgpack. Those of reading a message start
/// with the path and offset of the value.
extension WeightsError.Code {
  /// The map of an array or scalar has other keys than it must, or a value of another kind.
  public static let messageArray = Self("message.array")
  /// The type of an array or scalar is not that of booleans, integers, floats or text.
  public static let messageDType = Self("message.dtype")
  /// The extents of an array are too many, no whole numbers from 0 on, or too large.
  public static let messageShape = Self("message.shape")
  /// An array has more or fewer bytes than its type and shape say.
  public static let messageArraySize = Self("message.array-size")
  /// The value of a scalar is not one of its type.
  public static let messageScalar = Self("message.scalar")

  /// An array of other things than numbers where numbers are wanted.
  public static let messageNotNumbers = Self("message.not-numbers")
  /// An array of 64-bit integers that no float64 is equal to where numbers are wanted.
  public static let messageIntegerRange = Self("message.integer-range")
  /// An array of other things than one text where a text is wanted.
  public static let messageNotText = Self("message.not-text")
  /// The text of an array holds what is no Unicode scalar.
  public static let messageUTF32 = Self("message.utf32")
}
