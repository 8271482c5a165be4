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

  /// A name, escaped, that a narrow place breaks after its dots.
  public init(name: String) {
    self = .joined(
      name.split(separator: ".", omittingEmptySubsequences: false).map { Markup(text: String($0)) },
      by: ".<wbr>")
  }

  /// Sentences, escaped, in which what stands between two backticks is code.
  public init(prose text: String) {
    let parts = text.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
    let isPaired = parts.count.isMultiple(of: 2) == false
    self = .joined(
      parts.enumerated().map { index, part -> Markup in
        index.isMultiple(of: 2) ? "\(part)" : isPaired ? "<code>\(part)</code>" : "`\(part)`"
      })
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
