import DVLADiagnostics
import DVLATokenization
import Testing

/// What a `tokenizer.json` may be, and what not.
@Suite struct TokenizerJSONTests {
  private let file: [UInt8]
  init() throws { file = try TokenizerFixture("tiny").bytes("tokenizer.json") }

  @Test(
    "refuses, by what it found",
    arguments: [
      (
        #""type":"BPE""#, #""type":"Unigram""#, .tokenizerUnsupported,
        #"expected BPE, found "Unigram""#
      ),
      (#""dropout":null"#, #""dropout":0.1"#, .tokenizerUnsupported, "$.model.dropout"),
      (
        #""continuing_subword_prefix":null"#, ###""continuing_subword_prefix":"##""###,
        .tokenizerUnsupported, "$.model.continuing_subword_prefix"
      ),
      (
        #""ignore_merges":false"#, #""ignore_merges":true"#, .tokenizerUnsupported,
        "$.model.ignore_merges"
      ),
      (#""fuse_unk":true"#, #""fuse_unk":false"#, .tokenizerUnsupported, "$.model.fuse_unk"),
      (#""unk_token":"<unk>""#, #""unk_token":"<none>""#, .tokenizerMalformed, "<none>"),
      (#""dropout":null"#, #""rate":null"#, .init("json.unknown-key"), "rate"),
      (#""version":"1.0""#, #""version":"2.0""#, .tokenizerUnsupported, "$.version"),
      (
        #"{"type":"Replace","pattern":{"String":" "},"content":"▁"},"pre"#,
        #"{"type":"NFKC"},"pre"#, .tokenizerUnsupported, #"found "NFKC""#
      ),
      (
        #"{"type":"Replace","pattern":{"String":" "},"content":"▁"},"pre"#,
        #"null,"pre"#, .tokenizerUnsupported, "$.normalizer"
      ),
      (
        #""pattern":{"String":" "},"content":"▁"},"pre"#,
        #""pattern":{"Regex":" +"},"content":"▁"},"pre"#, .tokenizerUnsupported,
        "$.normalizer.pattern"
      ),
      (
        #"{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false}"#,
        #"{"type":"ByteLevel"}"#, .tokenizerUnsupported, #"found "ByteLevel""#
      ),
      (#""invert":false"#, #""invert":true"#, .tokenizerUnsupported, "$.pre_tokenizer.invert"),
      (
        #""<loc0000>","single_word":false"#, #""<loc0000>","single_word":true"#,
        .tokenizerUnsupported, "single_word"
      ),
      (
        #""<image>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true"#,
        #"">\n","single_word":false,"lstrip":false,"rstrip":false,"normalized":true,"special":false"#,
        .tokenizerUnsupported, "all normalized, or all not"
      ),
      (#"{"id":133"#, #"{"id":135"#, .tokenizerUnsupported, "none for 133"),
      (#"{"id":133"#, #"{"id":132"#, .tokenizerMalformed, "of another piece"),
      (#"{"id":133"#, #"{"id":999999999"#, .tokenizerMalformed, "at most 1048576 pieces"),
      (#""he":8"#, #""he":9"#, .tokenizerMalformed, "have the same id, 9"),
      (#""he":8"#, #""he":-1"#, .tokenizerMalformed, "no id that is an integer from 0"),
      (#""he":8"#, #""hj":8"#, .tokenizerMalformed, #"needs the piece "he""#),
      (#"["h","e"]"#, #"["h"]"#, .tokenizerMalformed, "another merge at 1"),
      // The rules under which SentencePiece merges in the same way.
      (#",["i","nd"]"#, "", .tokenizerUnsupported, #"found 1 of 2 for "ind""#),
      (
        #"["i","nd"]"#, #"["i","nd"],["i","nd"]"#, .tokenizerUnsupported,
        #"found 3 of 2 for "ind""#
      ),
      (
        #"["in","d"],["i","nd"],["in","k"]"#, #"["in","d"],["in","k"],["i","nd"]"#,
        .tokenizerUnsupported, #"those of "ind" among those of other pieces"#
      ),
      // A text has spaces where these have "▁".
      (
        #""content":"<image>""#, #""content":"▁zz""#, .tokenizerUnsupported,
        #"special tokens without the character U+2581, found "▁zz""#
      ),
      (
        #""unk_token":"<unk>""#, #""unk_token":"▁the""#, .tokenizerUnsupported,
        "an unknown piece without the character U+2581"
      ),
      (#"["i","nd"]"#, #"["i","nd"],["b","ee"]"#, .tokenizerMalformed, #"needs the piece "ee""#),
    ] as [(String, String, WeightsError.Code, String)])
  func refuses(old: String, new: String, code: WeightsError.Code, words: String) {
    let bytes = file.patching(old, with: new)
    let error = #expect(throws: WeightsError.self) { try Tokenizer(tokenizerJSON: bytes) }
    #expect(error?.code == code)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
  }

  @Test func refusesAPieceOfCharactersThatAreNone() {
    let bytes =
      file
      .patching(#""vocab":{"#, with: #""vocab":{"éé":134,"ééx":135,"#)
      .patching(#"["i","nd"]"#, with: #"["i","nd"],["éé","x"]"#)
    let error = #expect(throws: WeightsError.self) { try Tokenizer(tokenizerJSON: bytes) }
    #expect(error?.code == .tokenizerUnsupported)
    #expect(error?.message.contains(#"found "ééx" without "é""#) == true)
  }

  /// A piece that no merge makes is in the vocabulary, and never in a text.
  @Test func leavesAloneAPieceThatNothingMergesInto() throws {
    let tokenizer = try Tokenizer(
      tokenizerJSON: file.patching(#""vocab":{"#, with: #""vocab":{"zq":134,"zz":135,"#))
    let original = try Tokenizer(tokenizerJSON: file)
    #expect(tokenizer.vocabularySize == 136)
    #expect(try tokenizer.encode("zzzq") == original.encode("zzzq"))
  }

  @Test func readsMergesOfOldFiles() throws {
    let text = String(decoding: file, as: UTF8.self)
    let merges = try #require(text.firstRange(of: #""merges":["#))
    let old = text[merges.upperBound...].replacing(#"",""#, with: " ")
      .replacing(#"[""#, with: #"""#).replacing(#""]"#, with: #"""#)
    #expect(old.hasPrefix(#""▁ t","h e","#))
    let tokenizer = try Tokenizer(tokenizerJSON: Array((text[..<merges.upperBound] + old).utf8))
    for sample in TokenizerFixture("tiny").samples {
      #expect(try tokenizer.encode(sample.text) == sample.tokenizers, "\(sample.name)")
    }
  }

  /// A sequence of one step, padding and a processor change no id.
  @Test func passesOverWhatBearsOnNoId() throws {
    let bytes =
      file
      .patching(
        #"{"type":"Replace","pattern":{"String":" "},"content":"▁"},"pre"#,
        with:
          #"{"type":"Sequence","normalizers":[{"type":"Replace","pattern":{"String":" "},"content":"▁"}]},"pre"#
      )
      .patching(#""padding":null"#, with: #""padding":{"strategy":"BatchLongest"}"#)
    let tokenizer = try Tokenizer(tokenizerJSON: bytes)
    for sample in TokenizerFixture("tiny").samples {
      #expect(try tokenizer.encode(sample.text) == sample.tokenizers, "\(sample.name)")
    }
  }
}
