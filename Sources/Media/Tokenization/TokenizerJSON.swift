import DVLADiagnostics
import DVLAJSON

/// What a `tokenizer.json` says, where it is of the kind that PaliGemma has
/// (`tokenizers`, `src/models/bpe/serialization.rs` and its neighbours).
///
/// How a batch is cut and filled, what is put around a text and how ids become text are passed
/// over: none of it bears on the ids of a text.
struct TokenizerJSON {
  struct AddedToken {
    let id: Int
    let text: String
    let isSpecial: Bool
    /// Whether it is looked for after spaces became `▁`.
    let isNormalized: Bool
  }

  /// Ids by piece.
  let vocabulary: JSONObject
  /// Pairs of pieces to join, the first before the others.
  let merges: JSONReader
  let unknownPiece: String
  let fallsBackToBytes: Bool
  let addedTokens: [AddedToken]

  /// A value takes up to 200 bytes of memory, many times what it takes in the file. PaliGemma's has
  /// 257 thousand pieces and half a million merges of three values each: 1.8 million.
  private static let limits = JSONLimits(maximumValueCount: 2_500_000)

  init(_ bytes: [UInt8]) throws(WeightsError) {
    let root = try JSONReader(StrictJSON.parse(bytes, limits: Self.limits)).object(allowing: [
      "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
      "post_processor", "decoder", "model",
    ])
    let version = try root.required("version")
    try version.expect("1.0", is: version.string() == "1.0")
    try Self.checkNormalizer(root.required("normalizer"))
    try Self.checkPreTokenizer(root.optional("pre_tokenizer"))

    let model = try root.required("model")
    let members = try model.object()
    let type = try members.required("type")
    try type.expect("BPE", is: type.string() == "BPE")
    _ = try model.object(allowing: [
      "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
      "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges",
    ])
    for key in ["dropout", "continuing_subword_prefix", "end_of_word_suffix"] {
      guard let option = members.optional(key) else { continue }
      try option.expect("none", is: option.isNull || option.value == .string(""))
    }
    if let option = members.optional("ignore_merges") {
      try option.expect("false", is: !option.bool())
    }
    let fusing = try members.required("fuse_unk")
    try fusing.expect("true", is: fusing.bool())
    unknownPiece = try members.required("unk_token").string()
    fallsBackToBytes = try members.required("byte_fallback").bool()
    vocabulary = try members.required("vocab").object().object
    merges = try members.required("merges")

    var added: [AddedToken] = []
    for token in try root.required("added_tokens").array() { added.append(try AddedToken(token)) }
    addedTokens = added
  }

  /// Spaces become `▁`, and nothing else changes.
  private static func checkNormalizer(_ reader: JSONReader) throws(WeightsError) {
    guard !reader.isNull else {
      throw reader.unsupported("a normalizer that makes a space a \"▁\"", "none")
    }
    let type = try reader.object().required("type").string()
    if type == "Sequence" {
      let steps = try reader.object(allowing: ["type", "normalizers"]).required("normalizers")
      let only = try steps.array()
      guard only.count == 1 else { throw steps.unsupported("one step", "\(only.count)") }
      return try checkNormalizer(only[0])
    }
    guard type == "Replace" else {
      throw reader.unsupported("the normalizer \"Replace\" alone", type.quoted)
    }
    let members = try reader.object(allowing: ["type", "pattern", "content"])
    let pattern = try members.required("pattern")
    try pattern.expect("the text \" \"", is: pattern.value == spacePattern)
    let content = try members.required("content")
    try content.expect("\"▁\"", is: content.value == .string("▁"))
  }

  /// After the normalizer there is no space left to split at.
  private static func checkPreTokenizer(_ reader: JSONReader?) throws(WeightsError) {
    guard let reader, !reader.isNull else { return }
    let type = try reader.object().required("type").string()
    guard type == "Split" else {
      throw reader.unsupported("none, or \"Split\" at spaces", type.quoted)
    }
    let members = try reader.object(allowing: ["type", "pattern", "behavior", "invert"])
    let pattern = try members.required("pattern")
    try pattern.expect("the text \" \"", is: pattern.value == spacePattern)
    let inverts = try members.required("invert")
    try inverts.expect("false", is: !inverts.bool())
  }

  private static let spacePattern = JSONValue.object(JSONObject([("String", .string(" "))]))
}

extension TokenizerJSON.AddedToken {
  fileprivate init(_ reader: JSONReader) throws(WeightsError) {
    let members = try reader.object(allowing: [
      "id", "content", "single_word", "lstrip", "rstrip", "normalized", "special",
    ])
    id = try members.required("id").integer(in: 0...Int.max)
    text = try members.required("content").string()
    isSpecial = try members.required("special").bool()
    isNormalized = try members.required("normalized").bool()
    for key in ["single_word", "lstrip", "rstrip"] {
      let option = try members.required(key)
      // A text must not spell a special token at all.
      try option.expect("false", is: !option.bool() || isSpecial)
    }
  }
}

extension JSONReader {
  func unsupported(_ expected: String, _ found: String) -> WeightsError {
    failure(.tokenizerUnsupported, "expected \(expected), found \(found)")
  }

  fileprivate func expect(_ expected: String, is condition: Bool) throws(WeightsError) {
    guard !condition else { return }
    throw unsupported(expected, String(value.encoded().prefix(80)))
  }
}

extension TokenizerJSON {
  /// The merges as written: two strings, or in older files one with a space between.
  func mergePairs() throws(WeightsError) -> [(String, String)] {
    guard let list = merges.value.array else { throw merges.mismatch("an array") }
    return try list.enumerated().map { (number, merge) throws(WeightsError) in
      let parts =
        merge.array.map { $0.compactMap(\.string) }
        ?? merge.string?.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        ?? []
      guard parts.count == 2, merge.array.map({ $0.count == 2 }) ?? true else {
        throw merges.failure(
          .tokenizerMalformed, "expected two pieces, found another merge at \(number)")
      }
      for part in parts { try Vocabulary.checkLength(of: part, "a piece of merge \(number)") }
      return (parts[0], parts[1])
    }
  }
}
