import DVLADiagnostics
public import DVLAModels

/// The switches of DepthVLA as a user sets them. Those left out are as each golden was recorded,
/// which its metadata say under `mask` and `depth`.
public struct RequestedAblation: Sendable, Hashable {
  public var pattern: AttentionPattern?
  public var usesDepth: Bool?

  public init(pattern: AttentionPattern? = nil, usesDepth: Bool? = nil) {
    self.pattern = pattern
    self.usesDepth = usesDepth
  }

  /// The switches for a run on that golden.
  public func settled(by golden: Golden) -> Ablation {
    var result = Ablation()
    result.pattern = pattern ?? golden.recordedPattern
    result.usesDepth = usesDepth ?? golden.recordedDepth ?? true
    return result
  }

  /// Why a golden was recorded otherwise than is asked for; nil where it was not, or does not say.
  func misfit(_ golden: Golden) -> String? {
    if let pattern, let recorded = golden["mask"], recorded != pattern.rawValue {
      return "it was recorded with the mask \(recorded.quoted), asked for is \(pattern.rawValue)"
    }
    if let usesDepth, let recorded = golden["depth"], recorded != String(usesDepth) {
      return usesDepth
        ? "it was recorded without the depth expert" : "it was recorded with the depth expert"
    }
    return nil
  }
}

extension Golden {
  fileprivate var recordedPattern: AttentionPattern? {
    self["mask"].flatMap(AttentionPattern.init(rawValue:))
  }

  fileprivate var recordedDepth: Bool? { self["depth"].flatMap(Bool.init) }
}
