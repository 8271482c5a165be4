public import Diagnostics

/// The text tokens of an instruction, as transformers' `PaliGemmaProcessor` builds them
/// (`processing_paligemma.py`): the start of the sequence, the instruction as it is, a newline. The
/// image tokens that stand before them are left to the model.
public struct PaliGemmaPrompt: Sendable {
  /// The place of a picture, and Gemma's turns, which `tokenizer.model` has among its plain pieces
  /// and transformers' converter makes special.
  private static let reserved = ["<image>", "<start_of_turn>", "<end_of_turn>"]

  private let tokenizer: Tokenizer
  private let tokenLimit: Int

  /// - Parameter tokenLimit: most tokens of a prompt, with the first and the newline.
  public init(_ tokenizer: Tokenizer, tokenLimit: Int) {
    self.tokenizer = tokenizer
    self.tokenLimit = tokenLimit
  }

  /// The ids of an instruction. An empty one gives the two tokens around it, as upstream.
  ///
  /// - Throws: `prompt.too-long`; `tokenizer.reserved` for an instruction that spells a control or
  ///   image token, or that has a `▁`; `tokenizer.unsupported` for a tokenizer without a token for
  ///   the start of a sequence.
  public func tokens(_ instruction: String) throws(WeightsError) -> [Int] {
    guard let first = tokenizer.beginningOfSequence else {
      throw WeightsError(
        .tokenizerUnsupported, "the tokenizer has no token for the start of a sequence")
    }
    for token in Self.reserved where instruction.utf8.contains(token.utf8) {
      throw WeightsError(
        .tokenizerReserved,
        "the instruction spells \(token.quoted), which is a control token, expected plain words")
    }
    let tokens: [Int]
    do throws(WeightsError) {
      tokens = [first] + (try tokenizer.encode(instruction + "\n"))
    } catch {
      var error = error
      if error.code == .tokenizerReserved { error.message = "the instruction " + error.message }
      throw error
    }
    guard tokens.count <= tokenLimit else {
      throw WeightsError(
        .promptTooLong, .usage,
        "the instruction has \(tokens.count) tokens with its start and end, expected at most "
          + "\(tokenLimit)")
    }
    return tokens
  }
}
