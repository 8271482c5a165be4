import DVLADiagnostics
import DVLATokenization
import Testing

/// What a `tokenizer.model` may not be.
@Suite struct ModelFileTests {
  private static let model = try! TokenizerFixture("tiny").bytes("tokenizer.model")

  @Test(
    "refuses, by what it found",
    arguments: ([
      ("no bytes", [], .tokenizerMalformed, "has no pieces"),
      ("other bytes", Array("{}".utf8), .tokenizerMalformed, "starts no field at byte 0"),
      (
        "no normalizer", model.dropLast(18), .tokenizerMalformed,
        "has no normalizer"
      ),
      (
        "two trainers", model + field(2, []), .tokenizerMalformed,
        "has an unexpected field 2"
      ),
      (
        "unigram", model.patching("\u{18}\u{2}\u{20}", with: "\u{18}\u{1}\u{20}"),
        .tokenizerUnsupported, "the type unigram"
      ),
      (
        "a prefix", model.patching("identity\u{12}\0\u{18}\0", with: "identity\u{12}\0\u{18}\u{1}"),
        .tokenizerUnsupported, "add_dummy_prefix false, found true"
      ),
      (
        "fewer spaces", model.patching("\u{18}\0\u{20}\0", with: "\u{18}\0\u{20}\u{1}"),
        .tokenizerUnsupported, "remove_extra_whitespaces false, found true"
      ),
      (
        "a character map",
        model.patching("\u{10}\n\u{8}identity\u{12}\0", with: "\u{11}\n\u{8}identity\u{12}\u{1}x"),
        .tokenizerUnsupported, "the normalizer \"identity\""
      ),
      ("two unknown", model + piece("<unk2>", kind: 2), .tokenizerMalformed, "unk is already"),
      ("a piece twice", model + piece("he"), .tokenizerMalformed, #"are both "he""#),
      ("a control piece twice", model + piece("<bos>"), .tokenizerMalformed, #"both "<bos>""#),
      ("an unused letter", model + piece("é", kind: 5), .tokenizerUnsupported, #"piece 133, "é""#),
      ("an empty piece", model + piece(""), .tokenizerMalformed, "must not be empty"),
      ("a byte", model + piece("<0x41>", kind: 6), .tokenizerMalformed, "byte piece <0x41>"),
      ("another type", model + piece("x1", kind: 9), .tokenizerMalformed, "unknown type 9"),
      (
        "a score that is none", model + piece("x1", score: 0x7fc0_0000), .tokenizerMalformed,
        "expected a finite number"
      ),
      (
        "a piece that is no text", model + field(1, field(1, [0xc3, 0x28])), .tokenizerMalformed,
        "not UTF-8"
      ),
      (
        "a long piece", model + piece(String(repeating: "x", count: 513)), .tokenizerMalformed,
        "has 513 bytes, expected at most 512"
      ),
      (
        "a zero byte", model + piece("a\0b", kind: 4), .tokenizerMalformed, "has a zero byte"
      ),
      (
        "nested pieces",
        model + (1...65).flatMap { piece(String(repeating: "é", count: $0), kind: 4) },
        .tokenizerMalformed, "has more than 63 other pieces as prefixes"
      ),
    ] as [(String, [UInt8], WeightsError.Code, String)]).map(Fault.init))
  func refuses(fault: Fault) {
    let error = #expect(throws: WeightsError.self) {
      try Tokenizer(sentencePieceModel: fault.bytes)
    }
    #expect(error?.code == fault.code)
    #expect(error?.message.contains(fault.words) == true, "\(error?.message ?? "")")
  }

  /// Shown by its name alone: the bytes would fill pages.
  struct Fault: CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let code: WeightsError.Code
    let words: String
  }

  @Test func refusesAPieceThatIsSpelledAsAByte() throws {
    let bytes = try TokenizerFixture("multilingual").bytes("tokenizer.model")
    let error = #expect(throws: WeightsError.self) {
      try Tokenizer(sentencePieceModel: bytes + Self.piece("<0xF3>"))
    }
    #expect(error?.code == .tokenizerMalformed)
    #expect(error?.message.contains(#"both "<0xF3>""#) == true, "\(error?.message ?? "")")
  }

  /// Gemma's `<unused0>` and its like are of either kind.
  @Test(arguments: [1, 3, 4, 5] as [UInt8])
  func takesUnusedPiecesOfSeveralLetters(kind: UInt8) throws {
    let bytes = Self.model + (7..<20).flatMap { Self.piece("<unused\($0)>", kind: kind) }
    let tokenizer = try Tokenizer(sentencePieceModel: bytes)
    #expect(
      try tokenizer.encode("pick up") == Tokenizer(sentencePieceModel: Self.model).encode("pick up")
    )
  }

  /// One letter in two ways of writing is two pieces: only their bytes count.
  @Test func takesPiecesThatLookAlike() throws {
    let bytes = Self.model + Self.piece("\u{e9}", kind: 4) + Self.piece("e\u{301}", kind: 4)
    let tokenizer = try Tokenizer(sentencePieceModel: bytes)
    let size = tokenizer.vocabularySize
    #expect(try tokenizer.encode("\u{e9}e\u{301}") == [size - 2, size - 1])
  }

  @Test func takesAsManyNestedPiecesAsTheLibraryHasRoomFor() throws {
    let nested = (1...64).flatMap { Self.piece(String(repeating: "é", count: $0), kind: 4) }
    let tokenizer = try Tokenizer(sentencePieceModel: Self.model + nested)
    let size = tokenizer.vocabularySize
    #expect(try tokenizer.encode(String(repeating: "é", count: 65)) == [size - 1, size - 64])
  }

  @Test func neverCrashesOnAChangedFile() throws {
    let bytes = try TokenizerFixture("multilingual").bytes("tokenizer.model")
    var refused = 0
    func open(_ bytes: [UInt8]) {
      do {
        _ = try Tokenizer(sentencePieceModel: bytes).encode("pick  up\n\n🙂 <loc0003>")
      } catch { refused += 1 }
    }
    for count in stride(from: 0, to: bytes.count, by: 601) { open(Array(bytes[..<count])) }
    // The normalizer comes last.
    #expect(refused == (bytes.count + 600) / 601)
    var changed = 0
    for place in stride(from: 0, to: bytes.count, by: 389) {
      for flip: UInt8 in [0x01, 0x80] {
        var copy = bytes
        copy[place] ^= flip
        open(copy)
        changed += 1
      }
    }
    #expect(changed > 100)
  }

  private static func piece(
    _ text: String, kind: UInt8 = 1, score: UInt32 = 0
  ) -> [UInt8] {
    let scoreBytes = (0..<4).map { UInt8(truncatingIfNeeded: score >> (8 * $0)) }
    return field(1, field(1, Array(text.utf8)) + [2 << 3 | 5] + scoreBytes + [3 << 3, kind])
  }

  private static func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
    [number << 3 | 2, UInt8(content.count & 0x7f | 0x80), UInt8(content.count >> 7)] + content
  }
}

extension [UInt8] {
  /// The bytes with one text, which occurs once, in the place of another.
  func patching(_ old: String, with new: String) -> [UInt8] {
    let ranges = self.ranges(of: Array(old.utf8))
    precondition(ranges.count == 1, "\(old.debugDescription) occurs \(ranges.count) times")
    return replacing(old, with: new)
  }

  func replacing(_ old: String, with new: String) -> [UInt8] {
    replacing(Array(old.utf8), with: Array(new.utf8))
  }
}
