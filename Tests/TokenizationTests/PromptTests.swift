import DVLADiagnostics
import DVLATokenization
import Testing

@Suite struct PromptTests {
  @Test(arguments: TokenizerFixture.all, [true, false])
  func givesTheTokensOfUpstreamsProcessor(fixture: TokenizerFixture, fromJSON: Bool) throws {
    let tokenizer = try fromJSON ? fixture.ofJSON() : fixture.ofModel()
    let prompt = PaliGemmaPrompt(tokenizer, style: .paligemma, tokenLimit: 48)
    #expect(fixture.prompts.count == 12)
    for expected in fixture.prompts {
      #expect(
        try prompt.tokens(expected.instruction) == expected.ids, "\(expected.instruction)")
    }
  }

  @Test(arguments: TokenizerFixture.all, [true, false])
  func givesTheTokensOfOpenpi(fixture: TokenizerFixture, fromJSON: Bool) throws {
    let tokenizer = try fromJSON ? fixture.ofJSON() : fixture.ofModel()
    let prompt = PaliGemmaPrompt(tokenizer, style: .pi0, tokenLimit: 48)
    let plain = PaliGemmaPrompt(tokenizer, style: .paligemma, tokenLimit: 200)
    var differing = 0
    for expected in fixture.pi0Prompts {
      let ids = try prompt.tokens(expected.instruction)
      #expect(ids == expected.ids, "\(expected.instruction.debugDescription)")
      if try plain.tokens(expected.instruction) != ids { differing += 1 }
    }
    #expect(fixture.pi0Prompts.count == 26 && differing > 10)
  }

  /// Underscores are spaces by then: what is left is three words.
  @Test func refusesControlTokensAsOpenpiWouldReadThem() throws {
    let tokenizer = try TokenizerFixture("multilingual").ofModel()
    let prompt = PaliGemmaPrompt(tokenizer, style: .pi0, tokenLimit: 48)
    for text in [" <bos> ", "pick<image>", "<eos>\n", "▁"] {
      #expect(throws: WeightsError(.tokenizerReserved, "")) { try prompt.tokens(text) }
    }
    #expect(
      try prompt.tokens("<start_of_turn>")
        == [2] + tokenizer.encode("<start of turn>") + tokenizer.encode("\n"))
  }

  @Test func countsItsStartAndItsNewlineAgainstTheLimit() throws {
    let tokenizer = try TokenizerFixture("tiny").ofModel()
    let count = try tokenizer.encode("pick up the red cup").count + 2
    #expect(
      try PaliGemmaPrompt(tokenizer, style: .paligemma, tokenLimit: count).tokens(
        "pick up the red cup"
      ).count
        == count)
    let error = #expect(throws: WeightsError.self) {
      try PaliGemmaPrompt(tokenizer, style: .paligemma, tokenLimit: count - 1).tokens(
        "pick up the red cup")
    }
    #expect(error?.code == .promptTooLong)
    #expect(error?.kind == .usage)
    #expect(error?.message.contains("\(count) tokens") == true)
    #expect(error?.message.contains("at most \(count - 1)") == true)
  }

  @Test(
    arguments: ["<image>", "<bos>", "<eos>", "<pad>", "<unk>", "<mask>", "<start_of_turn>", "▁"],
    [true, false])
  func refusesWhatIsNoWords(text: String, fromJSON: Bool) throws {
    let fixture = TokenizerFixture("multilingual")
    let tokenizer = try fromJSON ? fixture.ofJSON() : fixture.ofModel()
    let error = #expect(throws: WeightsError.self) {
      try PaliGemmaPrompt(tokenizer, style: .paligemma, tokenLimit: 48).tokens("pick\(text)up")
    }
    #expect(error?.code == .tokenizerReserved)
    #expect(error?.message.hasPrefix("the instruction ") == true)
  }

  @Test func needsATokenForTheStart() throws {
    let fixture = TokenizerFixture("tiny")
    let nameless = try Tokenizer(
      sentencePieceModel: fixture.bytes("tokenizer.model").replacing("<bos>", with: "<bot>"))
    #expect(nameless.beginningOfSequence == 2)
    let none = try Tokenizer(
      tokenizerJSON: fixture.bytes("tokenizer.json").replacing("<bos>", with: "<s>"))
    #expect(none.beginningOfSequence == nil)
    #expect(throws: WeightsError(.tokenizerUnsupported, "")) {
      try PaliGemmaPrompt(none, style: .paligemma, tokenLimit: 48).tokens("pick")
    }
  }
}
