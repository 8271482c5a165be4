public import DVLADiagnostics

extension WeightsError.Code {
  /// Not a tokenizer file, or one that breaks the rules of its format.
  public static let tokenizerMalformed = Self("tokenizer.malformed")
  /// A sound tokenizer of a kind that is not read.
  public static let tokenizerUnsupported = Self("tokenizer.unsupported")
  /// The SentencePiece library failed on what was checked before.
  public static let tokenizerFailed = Self("tokenizer.failed")
  /// A text spells what only the tokenizer itself may write.
  public static let tokenizerReserved = Self("tokenizer.reserved")
  /// A prompt of more tokens than the model takes.
  public static let promptTooLong = Self("prompt.too-long")
}
