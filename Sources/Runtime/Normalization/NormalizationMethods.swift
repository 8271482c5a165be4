/// How a policy normalises its states and how its actions, which may differ.
public struct NormalizationMethods: Sendable, Hashable {
  public let state: NormalizationMethod
  public let action: NormalizationMethod

  public init(state: NormalizationMethod, action: NormalizationMethod) {
    (self.state, self.action) = (state, action)
  }

  /// One for both.
  public init(_ method: NormalizationMethod) { self.init(state: method, action: method) }
}
