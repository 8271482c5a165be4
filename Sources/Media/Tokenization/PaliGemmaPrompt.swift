public import DVLADiagnostics

/// The text tokens of an instruction: the start of the sequence, the instruction, a newline. The
/// image tokens that stand before them are left to the model.
public struct PaliGemmaPrompt: Sendable {
  /// Whose prompt it is.
  public enum Style: Sendable {
    /// The instruction as it is, encoded together with the newline, as transformers'
    /// `PaliGemmaProcessor` does (`processing_paligemma.py`).
    case paligemma
    /// As openpi's `PaligemmaTokenizer` (`src/openpi/models/tokenizer.py`): the instruction without
    /// the white space around it, with spaces for underscores and newlines, and after it the
    /// newline encoded by itself.
    case pi0
    /// As lerobot's pi0 (`processor_pi0.py`): the instruction as it is, encoded together with a
    /// newline where it ends with none.
    case lerobot
  }

  /// What becomes of a prompt of more tokens than its limit.
  public enum Overflow: Sendable {
    /// It is an error.
    case refuse
    /// The first tokens are taken, as openpi and lerobot since October 2025 do.
    case cut
  }

  /// The place of a picture, and Gemma's turns, which `tokenizer.model` has among its plain pieces
  /// and transformers' converter makes special.
  private static let reserved = ["<image>", "<start_of_turn>", "<end_of_turn>"]

  private let tokenizer: Tokenizer
  private let style: Style
  private let tokenLimit: Int
  private let overflow: Overflow

  /// - Parameter tokenLimit: most tokens of a prompt, with the first and the newline.
  public init(
    _ tokenizer: Tokenizer, style: Style, tokenLimit: Int, overflow: Overflow = .refuse
  ) {
    self.overflow = overflow
    self.tokenizer = tokenizer
    self.style = style
    self.tokenLimit = tokenLimit
  }

  /// The ids of an instruction. An empty one gives the two tokens around it, as upstream.
  ///
  /// - Throws: `prompt.too-long`; `tokenizer.reserved` for an instruction that spells a control or
  ///   image token, in ``Style/pi0`` after its underscores became spaces, or that has a `▁`;
  ///   `tokenizer.unsupported` for a tokenizer without a token for the start of a sequence.
  public func tokens(_ instruction: String) throws(WeightsError) -> [Int] {
    guard let first = tokenizer.beginningOfSequence else {
      throw WeightsError(
        .tokenizerUnsupported, "the tokenizer has no token for the start of a sequence")
    }
    let parts =
      switch style {
      case .paligemma: [instruction + "\n"]
      case .pi0: [Self.cleaned(instruction), "\n"]
      case .lerobot:
        [instruction.unicodeScalars.last == "\n" ? instruction : instruction + "\n"]
      }
    for token in Self.reserved where parts[0].utf8.contains(token.utf8) {
      throw WeightsError(
        .tokenizerReserved,
        "the instruction contains \(token.quoted), which is a control token; use plain words")
    }
    var tokens = [first]
    do throws(WeightsError) {
      for part in parts { tokens += try tokenizer.encode(part) }
    } catch {
      var error = error
      if error.code == .tokenizerReserved { error.message = "the instruction " + error.message }
      throw error
    }
    guard tokens.count <= tokenLimit else {
      if overflow == .cut { return Array(tokens.prefix(tokenLimit)) }
      throw WeightsError(
        .promptTooLong, .usage,
        "the instruction has \(tokens.count) tokens, start and end included; the model takes at "
          + "most \(tokenLimit)")
    }
    return tokens
  }

  /// As Python's `text.strip().replace("_", " ").replace("\n", " ")`.
  private static func cleaned(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.isPythonSpace }),
      let last = scalars.lastIndex(where: { !$0.isPythonSpace })
    else { return "" }
    return String(
      String.UnicodeScalarView(
        scalars[first...last].map { $0 == "_" || $0 == "\n" ? " " : $0 }))
  }
}

extension Unicode.Scalar {
  /// What Python's `str.isspace` holds for: Unicode's white space and the separators 1C to 1F.
  fileprivate var isPythonSpace: Bool {
    switch value {
    case 0x09...0x0d, 0x1c...0x20, 0x85, 0xa0, 0x1680, 0x2000...0x200a, 0x2028, 0x2029, 0x202f,
      0x205f, 0x3000:
      true
    default: false
    }
  }
}
