extension String {
  /// The text with control characters, bidirectional overrides and other invisible scalars
  /// written as `\u{…}`, cut to 200 scalars: names from a file must not steer a terminal.
  public var escapedForTerminal: String {
    var result = ""
    var count = 0
    for scalar in unicodeScalars {
      if count == 200 {
        result += "…"
        break
      }
      count += 1
      if Self.isSafe(scalar) {
        result.unicodeScalars.append(scalar)
      } else {
        result += "\\u{" + String(scalar.value, radix: 16) + "}"
      }
    }
    return result
  }

  /// The escaped text between double quotes.
  public var quoted: String { "\"" + escapedForTerminal + "\"" }

  private static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
      .unassigned:
      false
    default: true
    }
  }
}
