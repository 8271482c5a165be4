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
