import DVLADiagnostics

/// A piece of a page. Literals are taken as they are and strings put into them are escaped, so that
/// a name from a file is never markup: `"<p>\(name)</p>"`. A condition between two literals inside
/// an interpolation is a string, and so escaped.
public struct Markup: Sendable, Hashable, ExpressibleByStringInterpolation {
  public private(set) var html: String

  public init(stringLiteral value: String) { html = value }

  public init(stringInterpolation: StringInterpolation) { html = stringInterpolation.html }

  /// Text, escaped.
  public init(text: String) { html = text.escapedForHTML }

  /// A name, escaped, that a narrow place breaks behind its dots, slashes and underscores. A number
  /// stays whole.
  public init(name: String) {
    var pieces: [Markup] = []
    var piece = ""
    for (place, character) in zip(name.indices, name) {
      piece.append(character)
      let next = name[name.index(after: place)...].first
      guard let next, "./_".contains(character), character != "." || !next.isNumber else {
        continue
      }
      pieces.append(Markup(text: piece))
      piece = ""
    }
    self = .joined(pieces + [Markup(text: piece)], by: "<wbr>")
  }

  /// Sentences, escaped, in which what stands between two backticks is code. Long names in them are
  /// broken as names are.
  public init(prose text: String) {
    let parts = text.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
    let isPaired = parts.count.isMultiple(of: 2) == false
    self = .joined(
      parts.enumerated().map { index, part -> Markup in
        let words = Markup.joined(
          part.split(separator: " ", omittingEmptySubsequences: false).map { Markup(word: $0) },
          by: " ")
        return index.isMultiple(of: 2) ? words : isPaired ? "<code>\(words)</code>" : "`\(words)`"
      })
  }

  /// Words of fewer characters fit where there is place for a column.
  private static let longWordCount = 16

  private init(word: Substring) {
    self = word.count < Self.longWordCount ? Markup(text: String(word)) : Markup(name: String(word))
  }

  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var html = ""

    public init(literalCapacity: Int, interpolationCount: Int) {
      html.reserveCapacity(literalCapacity + 16 * interpolationCount)
    }

    public mutating func appendLiteral(_ literal: String) { html += literal }
    public mutating func appendInterpolation(_ text: String) { html += text.escapedForHTML }
    public mutating func appendInterpolation(_ markup: Markup) { html += markup.html }
    public mutating func appendInterpolation(_ number: Int) { html += String(number) }

    /// A coordinate of a drawing, in tenths.
    mutating func appendInterpolation(at coordinate: Double) {
      let tenths = (coordinate * 10).rounded()
      // Without the sign of zero, and whole numbers without a point.
      let whole = (tenths / 10).rounded(.towardZero)
      html += whole * 10 == tenths ? String(Int(whole)) : "\(tenths / 10)"
    }
  }

  public static func + (left: Markup, right: Markup) -> Markup {
    var sum = left
    sum += right
    return sum
  }

  public static func += (left: inout Markup, right: Markup) { left.html += right.html }

  /// Pieces one after the other.
  public static func joined(_ pieces: some Sequence<Markup>, by separator: Markup = "") -> Markup {
    var all: Markup = ""
    for (index, piece) in pieces.enumerated() {
      if index > 0 { all += separator }
      all += piece
    }
    return all
  }
}
