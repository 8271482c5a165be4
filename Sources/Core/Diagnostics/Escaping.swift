extension String {
  /// The text with control characters, bidirectional overrides and other invisible scalars
  /// written as `\u{…}`, cut to 200 scalars: names from a file must not steer a terminal.
  public var escapedForTerminal: String { escaped(keeping: 200) }

  /// The whole text, escaped in the same way: for messages, in which long names were cut already.
  public var escapedMessage: String { escaped(keeping: .max) }

  /// A JSON text in which invisible scalars outside ASCII, which JSON allows unescaped, are
  /// escaped.
  public var escapedInJSON: String {
    var result = ""
    result.reserveCapacity(utf8.count)
    for scalar in unicodeScalars {
      if scalar.value < 0x7F || Self.isSafe(scalar) {
        result.unicodeScalars.append(scalar)
      } else {
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      }
    }
    return result
  }

  private func escaped(keeping limit: Int) -> String {
    var result = ""
    var count = 0
    for scalar in unicodeScalars {
      if count == limit {
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
