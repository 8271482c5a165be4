/// Field numbers and values of `sentencepiece_model.proto`.
enum ModelProto {
  static let pieces = 1
  static let trainer = 2
  static let normalizer = 3
  static let selfTest = 4
  static let denormalizer = 5

  static let pieceText = 1
  static let pieceScore = 2
  static let pieceType = 3

  static let modelType = 3
  static let treatWhitespaceAsSuffix = 24
  static let byteFallback = 35
  static let bosPiece = 46

  static let normalizerName = 1
  static let precompiledCharsmap = 2
  static let addDummyPrefix = 3
  static let removeExtraWhitespaces = 4
  static let escapeWhitespaces = 5
  static let normalizationRules = 6

  /// `TrainerSpec.ModelType`, by number.
  static let modelTypes: [UInt64: String] = [1: "unigram", 2: "BPE", 3: "word", 4: "character"]
  static let bpe: UInt64 = 2
}
