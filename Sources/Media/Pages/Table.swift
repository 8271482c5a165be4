/// A table that a narrow screen can show.
public struct Table: Sendable {
  /// What becomes of it where it is wider than the screen.
  public enum Narrow: Sendable {
    /// Each row becomes a card with the titles of the columns in it: for few rows of many words.
    case folds
    /// It scrolls inside its own box: for many rows of numbers.
    case scrolls
  }

  public struct Column: Sendable {
    enum Kind: Sendable { case text, word, number }

    public let title: String
    let kind: Kind

    public static func text(_ title: String) -> Column { Column(title: title, kind: .text) }
    /// A word or two, which stay on one line.
    public static func word(_ title: String) -> Column { Column(title: title, kind: .word) }
    public static func number(_ title: String) -> Column { Column(title: title, kind: .number) }

    fileprivate var attribute: Markup {
      switch kind {
      case .text: ""
      case .word: " class=\"k\""
      case .number: " class=\"n\""
      }
    }
  }

  public struct Row: Sendable {
    public let cells: [Markup]
    /// Shown as one that did not pass.
    public let isBad: Bool

    public init(_ cells: [Markup], isBad: Bool = false) {
      self.cells = cells
      self.isBad = isBad
    }
  }

  /// For people who do not see where it stands.
  public let label: String
  public let narrow: Narrow
  public let columns: [Column]
  public let rows: [Row]

  /// - Precondition: every row has a cell for each column.
  public init(_ label: String, narrow: Narrow, columns: [Column], rows: [Row]) {
    precondition(rows.allSatisfy { $0.cells.count == columns.count }, "a cell for each column")
    self.label = label
    self.narrow = narrow
    self.columns = columns
    self.rows = rows
  }

  public var markup: Markup {
    let isFolding = narrow == .folds
    // Styles that fold a table take its meaning from it, for readers of screens, unless it is said.
    let roles = { (role: Markup) -> Markup in isFolding ? " role=\"\(role)\"" : "" }
    var text: Markup =
      isFolding
      ? "<div class=\"table\">\n"
      : "<div class=\"table scroll\" tabindex=\"0\" role=\"region\" aria-label=\"\(label)\">\n"
    text += "<table class=\"\(isFolding ? "folds" : "rows")\""
    if isFolding { text += " role=\"table\" aria-label=\"\(label)\"" }
    text += ">\n<thead\(roles("rowgroup"))><tr\(roles("row"))>"
    for column in columns {
      text += "<th scope=\"col\"\(roles("columnheader"))\(column.attribute)>\(column.title)</th>"
    }
    text += "</tr></thead>\n<tbody\(roles("rowgroup"))>\n"
    for row in rows {
      text += "<tr\(roles("row"))"
      text += row.isBad ? " class=\"bad\">" : ">"
      for (index, (column, cell)) in zip(columns, row.cells).enumerated() {
        text += "<td\(roles(index == 0 ? "rowheader" : "cell"))"
        text += column.attribute
        if isFolding, index > 0, !column.title.isEmpty { text += " data-label=\"\(column.title)\"" }
        text += isFolding ? "><span>\(cell)</span></td>" : ">\(cell)</td>"
      }
      text += "</tr>\n"
    }
    return text + "</tbody>\n</table>\n</div>\n"
  }
}
