public import DVLADiagnostics

/// The members of an object together with its path.
public struct JSONObjectReader: Sendable {
  public let object: JSONObject
  let location: JSONPath

  init(_ object: JSONObject, location: JSONPath) {
    self.object = object
    self.location = location
  }

  /// The path in words, such as `$.rules[3]`.
  public var path: String { location.description }

  /// - Throws: `json.missing-key`.
  public func required(_ key: String) throws(WeightsError) -> JSONReader {
    guard let member = optional(key) else {
      throw WeightsError(
        .jsonMissingKey, .malformed, "\(path): expected the key \(key.quoted), found none")
    }
    return member
  }

  /// The member, or nil where there is none. A member that is null is there.
  public func optional(_ key: String) -> JSONReader? {
    object[key].map { JSONReader($0, location: .member(location, key: key)) }
  }

  /// All members in the order of the text, for objects whose keys are data.
  public var members: [(key: String, reader: JSONReader)] {
    object.members.map { key, value in
      (key, JSONReader(value, location: .member(location, key: key)))
    }
  }

  func refuseKeys(except allowed: Set<String>) throws(WeightsError) {
    let unknown = object.members.map(\.key).filter { key in
      // A set of strings finds canonically equivalent spellings too; keys are bytes.
      guard let index = allowed.firstIndex(of: key) else { return true }
      return !allowed[index].hasSameBytes(as: key)
    }
    guard let first = unknown.first else { return }
    let known =
      allowed.isEmpty
      ? "an empty object" : "only " + allowed.sorted().map(\.quoted).joined(separator: ", ")
    throw WeightsError(
      .jsonUnknownKey, .malformed, "\(path): expected \(known), found the key \(first.quoted)",
      details: unknown.dropFirst().prefix(20).map { "\(path): found the key \($0.quoted) too" })
  }
}
