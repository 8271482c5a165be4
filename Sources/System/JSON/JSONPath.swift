import DVLADiagnostics

/// Where a value lies in its document. The words are put together only for a message, so that
/// reading a large document builds no strings.
indirect enum JSONPath: Sendable {
  case root(String)
  case member(JSONPath, key: String)
  case element(JSONPath, index: Int)
}

extension JSONPath: CustomStringConvertible {
  var description: String {
    switch self {
    case .root(let name): name
    case .member(let parent, let key):
      Self.isPlain(key) ? "\(parent).\(key)" : "\(parent)[\(key.quoted)]"
    case .element(let parent, let index): "\(parent)[\(index)]"
    }
  }

  private static func isPlain(_ key: String) -> Bool {
    !key.isEmpty && key.utf8.count <= 64
      && key.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
