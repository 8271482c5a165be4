import DVLADiagnostics

/// The keys and indices that lead to a value of a message.
public struct MessagePath: Sendable {
  private enum Step {
    case key(String)
    case index(Int)
  }

  private var steps: [Step] = []

  public init() {}

  public mutating func append(key: String) { steps.append(.key(key)) }
  public mutating func append(index: Int) { steps.append(.index(index)) }
  public mutating func removeLast() { steps.removeLast() }

  /// The path in words, such as `images.cam_high` or `observation/state[3]`; empty for the whole
  /// message.
  public var description: String {
    var text = ""
    for step in steps {
      switch step {
      case .key(let key): text += (text.isEmpty ? "" : ".") + key.prefix(200)
      case .index(let index): text += "[\(index)]"
      }
    }
    return text.escapedForTerminal
  }

  /// The path and the offset of a value: `observation/state, byte 57`.
  public func place(_ offset: Int) -> String {
    steps.isEmpty ? "byte \(offset)" : "\(description), byte \(offset)"
  }
}
