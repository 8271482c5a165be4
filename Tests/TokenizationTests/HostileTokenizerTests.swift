import DVLADiagnostics
import DVLATokenization
import Testing

/// Files made to take long or much memory. Checks that grow with the square of a file would take
/// minutes on each.
@Suite struct HostileTokenizerTests {
  private let file: [UInt8]
  init() throws { file = try TokenizerFixture("tiny").bytes("tokenizer.json") }

  @Test func refusesAPieceOfAMillionCharacters() {
    let half = String(repeating: "a", count: 500_000)
    let bytes =
      file
      .patching(#""vocab":{"#, with: #""vocab":{"\#(half)":134,"\#(half)\#(half)":135,"#)
      .patching(#"["i","nd"]"#, with: #"["i","nd"],["\#(half)","\#(half)"]"#)
    expect(bytes, .tokenizerMalformed, "piece 134 has 500000 bytes, expected at most 512")
  }

  @Test(arguments: [
    (
      #""content":"<image>""#, #""content":"LONG""#, "the added token 133 has 500000 bytes"
    ),
    (#"["i","nd"]"#, #"["i","nd"],["LONG","nd"]"#, "a piece of merge 46 has 500000 bytes"),
    (#""unk_token":"<unk>""#, #""unk_token":"LONG""#, "the unknown piece has 500000 bytes"),
  ])
  func refusesLongTextsElsewhere(old: String, new: String, words: String) {
    let long = String(repeating: "a", count: 500_000)
    expect(
      file.patching(old, with: new.replacing("LONG", with: long)), .tokenizerMalformed, words)
  }

  @Test func refusesMoreLongPiecesThanCanBeChecked() {
    func letters(of number: Int) -> String {
      String(String(number + 10_000).map { Array("beodklhint")[$0.wholeNumberValue ?? 0] })
    }
    let base = String(repeating: "a", count: 500)
    let names = (0..<3000).map { base + letters(of: $0) }
    let pieces = names.enumerated().map { #""\#($1)":\#(135 + $0),"# }.joined()
    let merges = names.map { #"["\#(base)","\#($0.dropFirst(500))"]"# }.joined(separator: ",")
    let tails = Set(names.map { String($0.dropFirst(500)) }).enumerated()
      .map { #""\#($1)":\#(10_000 + $0),"# }.joined()
    let bytes =
      file
      .patching(#""vocab":{"#, with: #""vocab":{"\#(base)":134,\#(pieces)\#(tails)"#)
      .patching(#"["i","nd"]"#, with: #"["i","nd"],\#(merges)"#)
    expect(bytes, .tokenizerUnsupported, "too many or too long merged pieces to check")
  }

  /// Each block needs the ids of its character and of two of it.
  @Test func readsManyRunsOfCharacters() throws {
    var pieces = ""
    var merges = ""
    for number in 0..<10_000 {
      let one = String(UnicodeScalar(0x4e00 + UInt32(number))!)
      let (two, three) = (one + one, one + one + one)
      let id = 134 + 3 * number
      pieces += #""\#(one)":\#(id),"\#(two)":\#(id + 1),"\#(three)":\#(id + 2),"#
      merges += #",["\#(two)","\#(one)"],["\#(one)","\#(one)"],["\#(one)","\#(two)"]"#
    }
    let tokenizer = try Tokenizer(
      tokenizerJSON: file.patching(#""vocab":{"#, with: #""vocab":{"# + pieces)
        .patching(#"["i","nd"]"#, with: #"["i","nd"]"# + merges))
    #expect(tokenizer.vocabularySize == 30_134)
    #expect(try tokenizer.encode("一一一一一丁丁") == [136, 135, 138])
  }

  /// Empty arrays take sixty times their bytes of memory once they are read.
  @Test func refusesMoreValuesThanATokenizerHas() {
    let arrays = Array(repeating: "[]", count: 2_500_000).joined(separator: ",")
    expect(
      file.patching(#""merges":["#, with: #""merges":["# + arrays + ","),
      .init("json.too-many-values"), "2500000")
  }

  private func expect(_ bytes: [UInt8], _ code: WeightsError.Code, _ words: String) {
    let error = #expect(throws: WeightsError.self) { try Tokenizer(tokenizerJSON: bytes) }
    #expect(error?.code == code)
    #expect(error?.message.contains(words) == true, "\(error?.message.prefix(200) ?? "")")
    #expect((error?.message.utf8.count ?? 0) < 2000)
  }
}
