/// One key of a document beside the weights and what became of it.
public struct DocumentKey: Sendable, Hashable {
  public enum Fate: Sendable, Hashable {
    /// It decides something, said here.
    case used(String)
    /// No output depends on it, for the reason given.
    case neutral(String)
    /// It has the one value that is computed.
    case fixed
    /// Nothing here knows it.
    case unknown
  }

  /// The path in the document, such as `steps[3].config.eps`.
  public let key: String
  /// The value as JSON, shortened.
  public let value: String
  public let fate: Fate

  public init(key: String, value: String, fate: Fate) {
    self.key = key
    self.value = value
    self.fate = fate
  }
}
