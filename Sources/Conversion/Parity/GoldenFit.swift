import DVLADiagnostics
import DVLAFamilies
public import DVLAJSON
public import DVLAModels
import DVLATensors

extension Golden {
  /// Why the golden does not belong to a model of that family and configuration; nil where it does,
  /// as far as names, metadata and sizes show it without running the model.
  ///
  /// - Parameters:
  ///   - ablation: the switches of DepthVLA that the user set.
  ///   - inputs: those of the model; nil where it is not loaded yet.
  public func misfit(
    family: String, configuration: JSONValue, ablation: RequestedAblation = RequestedAblation(),
    inputs described: [InputDescription]?
  ) -> String? {
    if let own = self.family, own != family {
      return "was recorded from \(own), but the model is \(family)"
    }
    let traits = FamilyTraits(named: family)
    if isOfPreprocessing {
      let processors = traits?.processors ?? []
      return results.contains { processors.contains($0.processor) }
        ? nil
        : "holds nothing that an image processor of \(family) makes"
    }
    if let problem = ablation.misfit(self) { return problem }
    if let described, let problem = inputMisfit(family: family, inputs: described) {
      return problem
    }
    if let known = traits?.stages, !known.isEmpty, !stages.isEmpty,
      !stages.contains(where: { known.contains(String($0.name.prefix { $0 != "." })) })
    {
      return "holds no stage of \(family); its first stage is \(stages[0].name)"
    }
    for (stage, key) in traits?.widths ?? [] {
      guard let recorded = stages.first(where: { $0.name == stage }),
        let found = recorded.shape.dimensions.last,
        let expected = key.reduce(configuration as JSONValue?, { $0?.object?[$1] })?.integer,
        found != expected
      else { continue }
      return "was recorded from a model of another size: \(stage) is \(recorded.shape), but the "
        + "model's \(key.joined(separator: ".")) is \(expected)"
    }
    return nil
  }

  /// Why its inputs are not those of a model; nil where they are.
  public func inputMisfit(family: String, inputs described: [InputDescription]) -> String? {
    let names = Set(inputs.map(\.name))
    let takes = "\(family) takes " + described.map(\.name).joined(separator: ", ")
    if let missing = described.first(where: { !$0.isOptional && !names.contains($0.name) }) {
      return "has no input in.\(missing.name) \(missing.axes); \(takes)"
    }
    let known = Set(described.map(\.name))
    if let extra = inputs.first(where: { !known.contains($0.name) }) {
      return "has an input in.\(extra.name); \(takes)"
    }
    return nil
  }
}

/// The switches of DepthVLA that a user sets. The others are as each golden was recorded, which its
/// metadata state under `mask` and `depth`.
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

  /// Why a golden was recorded with other switches than those asked for; nil where it was not, or
  /// where its metadata do not state them.
  func misfit(_ golden: Golden) -> String? {
    if let pattern, let recorded = golden["mask"], recorded != pattern.rawValue {
      return
        "was recorded with the mask \(recorded.quoted), but \(pattern.rawValue) was requested"
    }
    if let usesDepth, let recorded = golden["depth"], recorded != String(usesDepth) {
      return usesDepth
        ? "was recorded without the depth expert, but a run with it was requested"
        : "was recorded with the depth expert, but a run without it was requested"
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
