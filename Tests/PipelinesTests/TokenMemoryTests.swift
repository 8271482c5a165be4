import DVLADiagnostics
import DVLATestSupport
import Testing

@testable import DVLAPipelines

struct TokenMemoryTests {
  private final class Source {
    private(set) var made: [String] = []

    func ids(_ text: String) throws(WeightsError) -> [Int] {
      made.append(text)
      guard text != "bad" else { throw WeightsError(.ofTest, "too long") }
      return text.utf8.map(Int.init)
    }
  }

  private func tokens(
    _ memory: TokenMemory, _ source: Source, _ text: String
  ) throws -> [Int] {
    try memory.tokens(of: text) { (text) throws(WeightsError) in try source.ids(text) }
  }

  @Test func anInstructionIsTokenizedOnce() throws {
    let (memory, source) = (TokenMemory(), Source())
    for _ in 0..<3 {
      #expect(try tokens(memory, source, "a") == [97])
      #expect(try tokens(memory, source, "b") == [98])
    }
    #expect(source.made == ["a", "b"])
  }

  @Test func theLastSixteenAreKept() throws {
    let (memory, source) = (TokenMemory(), Source())
    let texts = (0..<17).map { "instruction \($0)" }
    for text in texts[..<16] { _ = try tokens(memory, source, text) }
    // It was asked for again, so that the second is the oldest.
    _ = try tokens(memory, source, texts[0])
    #expect(source.made.count == 16)
    _ = try tokens(memory, source, texts[16])
    for text in texts where text != texts[1] { _ = try tokens(memory, source, text) }
    #expect(source.made.count == 17)
    _ = try tokens(memory, source, texts[1])
    #expect(source.made.count == 18)
  }

  @Test func errorsAreNotKept() throws {
    let (memory, source) = (TokenMemory(), Source())
    for _ in 0..<2 { #expect(throws: WeightsError.self) { try tokens(memory, source, "bad") } }
    #expect(source.made == ["bad", "bad"])
  }

  /// Swift takes a letter with its accent and the two written apart for equal.
  @Test func spellingsThatDifferInBytesAreTwoInstructions() throws {
    let (memory, source) = (TokenMemory(), Source())
    let (one, two) = ("\u{E9}", "e\u{301}")
    #expect(one == two)
    #expect(try tokens(memory, source, one) == [0xC3, 0xA9])
    #expect(try tokens(memory, source, two) == [0x65, 0xCC, 0x81])
  }

  @Test func oneThatIsVeryLongIsNotKept() throws {
    let (memory, source) = (TokenMemory(), Source())
    for _ in 0..<2 {
      _ = try tokens(memory, source, String(repeating: "a", count: TokenMemory.longest + 1))
      _ = try tokens(memory, source, String(repeating: "a", count: TokenMemory.longest))
    }
    #expect(source.made.count == 3)
  }

  @Test func aPolicyGivesTheSameTokensAgain() throws {
    let policy = try PolicyBundle().policy()
    let texts = ["pick up the red cup", "open the drawer", "pick up the red cup"]
    let first = try texts.map { try policy.tokens(of: $0) }
    #expect(first[0] == first[2] && first[0] != first[1])
    let again = try texts.map { try policy.tokens(of: $0) }
    #expect(again == first)
    for _ in 0..<2 { #expect(throws: WeightsError.self) { try policy.tokens(of: "<bos>") } }
  }
}

extension WeightsError.Code {
  fileprivate static let ofTest = Self("prompt.test")
}
