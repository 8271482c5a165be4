import DVLADiagnostics
public import DVLAJSON

/// A place where a document in a bundle is not what the sources give.
public struct DocumentDifference: Sendable, Equatable {
  /// Keys and positions from the document on, as in `ledger[0][3].name`.
  public let place: String
  /// What the bundle has there; nil for nothing.
  public let found: JSONValue?
  /// What the sources give; nil for nothing.
  public let expected: JSONValue?

  /// In one line.
  public var words: String {
    guard let found else {
      return "\(place.escapedForTerminal) is not there, the sources give \(Self.words(expected))"
    }
    return "\(place.escapedForTerminal) is \(Self.words(found)), the sources give "
      + Self.words(expected)
  }

  /// As much of a value as a message shows.
  public static func words(_ value: JSONValue?) -> String {
    guard let value else { return "nothing" }
    let text = value.encoded()
    return String(text.prefix(200)).escapedForTerminal + (text.count > 200 ? "…" : "")
  }

  /// The first difference of two documents in the order of the expected one.
  ///
  /// - Returns: nil where they encode to the same text.
  static func first(
    of found: JSONValue, from expected: JSONValue, at place: String
  ) -> DocumentDifference? {
    switch (found, expected) {
    case (.object(let a), .object(let b)):
      for (key, value) in b.members {
        let place = "\(place).\(key)"
        guard let other = a[key] else {
          return DocumentDifference(place: place, found: nil, expected: value)
        }
        if let difference = first(of: other, from: value, at: place) { return difference }
      }
      if let extra = a.members.first(where: { b[$0.key] == nil }) {
        return DocumentDifference(
          place: "\(place).\(extra.key)", found: extra.value, expected: nil)
      }
      // The same members in another order.
      return found.encoded() == expected.encoded()
        ? nil : DocumentDifference(place: place, found: found, expected: expected)
    case (.array(let a), .array(let b)):
      for (index, (found, expected)) in zip(a, b).enumerated() {
        if let difference = first(of: found, from: expected, at: "\(place)[\(index)]") {
          return difference
        }
      }
      guard a.count != b.count else { return nil }
      let index = min(a.count, b.count)
      return DocumentDifference(
        place: "\(place)[\(index)]", found: a.dropFirst(index).first,
        expected: b.dropFirst(index).first)
    default:
      // An integer and a number of the same text are one.
      return found == expected || found.encoded() == expected.encoded()
        ? nil : DocumentDifference(place: place, found: found, expected: expected)
    }
  }
}
