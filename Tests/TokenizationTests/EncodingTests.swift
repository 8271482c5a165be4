import DVLAJSON
import DVLATokenization
import Testing

@Suite struct EncodingTests {
  @Test(arguments: TokenizerFixture.all)
  func givesTheIdsOfSentencePieceFromItsModel(fixture: TokenizerFixture) throws {
    let tokenizer = try fixture.ofModel()
    #expect(tokenizer.vocabularySize == fixture.vocabularySizes.model)
    #expect(tokenizer.beginningOfSequence == 2)
    #expect(fixture.samples.count > 90)
    for sample in fixture.samples {
      #expect(try tokenizer.encode(sample.text) == sample.sentencePiece, "\(sample.name)")
    }
  }

  @Test(arguments: TokenizerFixture.all)
  func givesTheIdsOfTokenizersFromItsJSON(fixture: TokenizerFixture) throws {
    let tokenizer = try fixture.ofJSON()
    #expect(tokenizer.vocabularySize == fixture.vocabularySizes.json)
    #expect(tokenizer.beginningOfSequence == 2)
    for sample in fixture.samples {
      #expect(try tokenizer.encode(sample.text) == sample.tokenizers, "\(sample.name)")
    }
  }

  @Test func encodesFromManyThreadsAtOnce() async throws {
    let fixture = TokenizerFixture("multilingual")
    let tokenizer = try fixture.ofModel()
    let wrong = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          try fixture.samples.filter { try tokenizer.encode($0.text) != $0.sentencePiece }.count
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(wrong == 0)
  }
}
