/// The members of a JSON object in the order of the text.
///
/// Keys are equal when their UTF-8 bytes are. The order counts in `==`: two equal objects encode
/// to the same text.
public struct JSONObject: Sendable {
  public private(set) var members: [(key: String, value: JSONValue)]
  /// Where each key is; empty while a walk over the few members is faster.
  private var positions: [BytewiseKey: Int]

  private static let walkedCount = 8

  /// - Parameter members: a later member replaces the value of an earlier one with the same key.
  public init(_ members: [(String, JSONValue)] = []) {
    self.members = []
    self.members.reserveCapacity(members.count)
    positions = [:]
    if members.count > Self.walkedCount { positions.reserveCapacity(members.count) }
    for (key, value) in members {
      if let position = position(of: key) {
        self.members[position].value = value
      } else {
        append(key, value)
      }
    }
  }

  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }

  public subscript(key: String) -> JSONValue? {
    position(of: key).map { members[$0].value }
  }

  private func position(of key: String) -> Int? {
    positions.isEmpty
      ? members.firstIndex { $0.key.hasSameBytes(as: key) } : positions[BytewiseKey(string: key)]
  }

  private mutating func append(_ key: String, _ value: JSONValue) {
    members.append((key, value))
    if !positions.isEmpty {
      positions[BytewiseKey(string: key)] = members.count - 1
    } else if members.count > Self.walkedCount {
      for (position, member) in members.enumerated() {
        positions[BytewiseKey(string: member.key)] = position
      }
    }
  }
}

extension JSONObject: Equatable {
  public static func == (a: Self, b: Self) -> Bool {
    a.members.elementsEqual(b.members) { $0.key.hasSameBytes(as: $1.key) && $0.value == $1.value }
  }
}

/// A key that is equal to another only when their UTF-8 bytes are.
struct BytewiseKey: Hashable {
  let string: String

  static func == (a: Self, b: Self) -> Bool { a.string.hasSameBytes(as: b.string) }

  func hash(into hasher: inout Hasher) {
    // The bytes are only read, and only during the call.
    unsafe string.utf8.span.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
  }
}

extension String {
  func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
