public import DVLADiagnostics

/// A tokenizer of the kind PaliGemma has: SentencePiece BPE over the text as it is, spaces spelled
/// `▁`, and characters that are no piece spelled byte by byte where the vocabulary has bytes.
///
/// Ids are those of the `sentencepiece` library and of Hugging Face `tokenizers`. May be used from
/// any number of threads at once.
public final class Tokenizer: Sendable {
  private let library: SentencePieceLibrary
  /// Texts that stand for no characters, such as `<bos>`.
  private let markers: [String]

  /// How many ids there are: they are 0 to one below it.
  public let vocabularySize: Int
  /// The id that starts a sequence; nil where the tokenizer has none.
  public let beginningOfSequence: Int?

  /// - Parameter bytes: of a `tokenizer.model`, a SentencePiece `ModelProto`
  ///   (`sentencepiece_model.proto`).
  /// - Throws: `tokenizer.malformed`; `tokenizer.unsupported` for a model that is not BPE, or that
  ///   changes the text before it encodes it.
  public convenience init(sentencePieceModel bytes: [UInt8]) throws(WeightsError) {
    try self.init(Vocabulary(modelProto: bytes))
  }

  /// - Parameter bytes: of a `tokenizer.json` (Hugging Face `tokenizers`).
  /// - Throws: `json.*`; `tokenizer.malformed`; `tokenizer.unsupported` for a tokenizer that
  ///   SentencePiece cannot be made to follow exactly.
  public convenience init(tokenizerJSON bytes: [UInt8]) throws(WeightsError) {
    try self.init(Vocabulary(tokenizerJSON: bytes))
  }

  private init(_ vocabulary: Vocabulary) throws(WeightsError) {
    library = try SentencePieceLibrary(modelProto: ModelProtoWriter.bytes(of: vocabulary))
    markers = vocabulary.markers
    vocabularySize = vocabulary.pieces.count
    beginningOfSequence = vocabulary.beginningOfSequence
  }

  /// The ids of a text; none are added before or after.
  ///
  /// - Throws: `tokenizer.reserved` for a text that spells a control token, which `tokenizers`
  ///   would read as that token and SentencePiece as its letters, or that has a `▁`, which both
  ///   would read as a space.
  public func encode(_ text: String) throws(WeightsError) -> [Int] {
    guard !text.unicodeScalars.contains("▁") else {
      throw WeightsError(
        .tokenizerReserved, "contains the character U+2581, which the tokenizer reserves for spaces"
      )
    }
    for marker in markers where text.utf8.contains(marker.utf8) {
      throw WeightsError(
        .tokenizerReserved,
        "contains \(marker.quoted), which is a control token; use plain words")
    }
    return try library.encode(text)
  }
}
