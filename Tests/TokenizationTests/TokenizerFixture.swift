import DVLAJSON
import DVLATestSupport
import DVLATokenization

/// A tokenizer of `Fixtures/tokenizers`, and what the two upstream libraries make of texts.
struct TokenizerFixture: CustomStringConvertible {
  let name: String
  var description: String { name }

  static let all = ["tiny", "multilingual"].map(TokenizerFixture.init)

  func bytes(_ file: String) throws -> [UInt8] {
    try FixtureFolder.bytes("tokenizers/\(name)/\(file)")
  }

  func ofModel() throws -> Tokenizer {
    try Tokenizer(sentencePieceModel: bytes("tokenizer.model"))
  }

  func ofJSON() throws -> Tokenizer { try Tokenizer(tokenizerJSON: bytes("tokenizer.json")) }

  struct Sample {
    let name: String
    let text: String
    let sentencePiece: [Int]
    let tokenizers: [Int]
  }

  struct Prompt {
    let instruction: String
    let ids: [Int]
  }

  let vocabularySizes: (model: Int, json: Int)
  let samples: [Sample]
  let prompts: [Prompt]
  let pi0Prompts: [Prompt]

  init(_ name: String) {
    do {
      let file = try FixtureFolder.bytes("tokenizers/\(name)/samples.json")
      let root = try JSONReader(StrictJSON.parse(file)).object()
      let sizes = try root.required("vocabulary_size").object()
      self.name = name
      vocabularySizes = (
        try sizes.required("tokenizer.model").integer(),
        try sizes.required("tokenizer.json").integer()
      )
      samples = try root.required("samples").array().map { entry in
        let sample = try entry.object()
        return Sample(
          name: try sample.required("name").string(), text: try sample.required("text").string(),
          sentencePiece: try sample.required("sentencepiece").array().map { try $0.integer() },
          tokenizers: try sample.required("tokenizers").array().map { try $0.integer() })
      }
      prompts = try root.required("prompts").array().map(Prompt.init)
      pi0Prompts = try root.required("pi0_prompts").array().map(Prompt.init)
    } catch {
      fatalError("Fixtures/tokenizers/\(name)/samples.json: \(error)")
    }
  }
}

extension TokenizerFixture.Prompt {
  fileprivate init(_ entry: JSONReader) throws {
    let prompt = try entry.object()
    instruction = try prompt.required("instruction").string()
    ids = try prompt.required("ids").array().map { try $0.integer() }
  }
}
