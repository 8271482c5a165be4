/// Parts of a page under a heading, and words about them.
public enum Section {
  /// - Parameter lead: what the reader sees in it, in a sentence or two.
  public static func part(_ heading: String, lead: Markup? = nil, _ content: Markup) -> Markup {
    "<section>\n<h2>\(heading)</h2>\n\(lead.map { paragraph($0, "lead") } ?? "")\(content)</section>\n"
  }

  public static func heading(_ text: String) -> Markup { "<h3>\(text)</h3>\n" }

  public static func paragraph(_ content: Markup) -> Markup { "<p>\(content)</p>\n" }

  /// In smaller letters: what a number means, or where it is from.
  public static func note(_ content: Markup) -> Markup { paragraph(content, "note") }

  private static func paragraph(_ content: Markup, _ kind: Markup) -> Markup {
    "<p class=\"\(kind)\">\(content)</p>\n"
  }

  public static func list(_ items: [Markup]) -> Markup {
    "<ul>\n\(Markup.joined(items.map { "<li>\($0)</li>\n" }))</ul>\n"
  }

  /// Terms with a value each.
  public static func facts(_ facts: [(term: String, value: Markup)]) -> Markup {
    let rows = facts.map { fact -> Markup in "<dt>\(fact.term)</dt><dd>\(fact.value)</dd>\n" }
    return "<dl>\n\(Markup.joined(rows))</dl>\n"
  }

  /// Two parts that stand side by side where there is room.
  public static func pair(_ first: Markup, _ second: Markup) -> Markup {
    "<div class=\"pair\">\n<div>\n\(first)</div>\n<div>\n\(second)</div>\n</div>\n"
  }

  /// What most readers need not see; it opens without a script.
  public static func folded(_ summary: String, _ content: Markup) -> Markup {
    "<details>\n<summary>\(summary)</summary>\n\(content)</details>\n"
  }
}
