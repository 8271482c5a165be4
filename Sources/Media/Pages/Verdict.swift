/// The answer that a page begins with, in large words.
public struct Verdict: Sendable {
  public enum Kind: Sendable {
    case good, bad
    /// A finding that is neither.
    case plain

    var name: Markup {
      switch self {
      case .good: "good"
      case .bad: "bad"
      case .plain: "plain"
      }
    }
  }

  public let kind: Kind
  /// What kind of page it is, above the answer.
  public let topic: String
  /// A word or two.
  public let answer: String
  /// A sentence about what the answer is about.
  public let sentence: Markup
  /// A line in smaller letters under it.
  public let detail: Markup?
  /// What weakens the answer, set apart under it.
  public let caution: Markup?
  /// Paragraphs that say why.
  public let reasons: [(heading: String, content: Markup)]

  public init(
    _ kind: Kind, topic: String, answer: String, sentence: Markup, detail: Markup? = nil,
    caution: Markup? = nil, reasons: [(heading: String, content: Markup)] = []
  ) {
    self.kind = kind
    self.topic = topic
    self.answer = answer
    self.sentence = sentence
    self.detail = detail
    self.caution = caution
    self.reasons = reasons
  }

  public var markup: Markup {
    var text: Markup = "<header class=\"verdict \(kind.name)\">\n<p class=\"topic\">\(topic)</p>\n"
    text += "<h1>\(answer)</h1>\n<p class=\"about\">\(sentence)</p>\n"
    if let detail { text += "<p class=\"detail\">\(detail)</p>\n" }
    if let caution { text += "<p class=\"callout\">\(caution)</p>\n" }
    if !reasons.isEmpty {
      text += "<div class=\"reasons\">\n"
      for reason in reasons {
        text += "<div><h2>\(reason.heading)</h2>\n\(reason.content)</div>\n"
      }
      text += "</div>\n"
    }
    return text + "</header>\n"
  }

  /// Whether something passed, as a word with a sign, so that colour is not needed.
  public static func sign(passed: Bool, _ word: String) -> Markup {
    passed
      ? "<span class=\"sign good\">✓ \(word)</span>" : "<span class=\"sign bad\">✗ \(word)</span>"
  }
}
