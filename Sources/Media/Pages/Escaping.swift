import DVLADiagnostics

extension String {
  /// The text with nothing in it that a browser takes for markup, or does not show.
  public var escapedForHTML: String {
    var text = ""
    for scalar in escapedMessage.unicodeScalars {
      switch scalar {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      case "'": text += "&#39;"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
