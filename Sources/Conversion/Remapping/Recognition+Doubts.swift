import DVLAJSON

extension ManifestLibrary {
  /// What the plan takes from a source's naming although the tensors fit another naming, whose
  /// library computes otherwise, where they lack tensors that no output depends on. A sentence
  /// each, with the setting that says the other.
  public func doubts(about recognition: Recognition, in plan: RemapPlan) -> [String] {
    let manifest = recognition.manifest
    let taken = Set(components.components(of: manifest.family))
    var sentences: [String] = []
    for other in recognition.alternatives {
      for key in other.defaults.keys where manifest.defaults[key] != other.defaults[key] {
        var own = Configuration()
        own.set(key, other.defaults[key] ?? .null, origin: "")
        if manifest.family != plan.family {
          own = components.translate(own, from: manifest.family, to: plan.family, taken: taken)
        }
        guard let target = own.keys.first, let value = own[target] else { continue }
        let chosen = plan.configuration[target]
        guard chosen == nil || plan.configuration.origin(of: target) == manifest.originOfDefaults
        else { continue }
        let found = chosen.map(\.words) ?? "left to the model"
        sentences.append(
          "tensor names fit the naming \(other.naming) too, of a file without the tensors that no "
            + "output depends on: \(target) is \(found), as the naming \(manifest.naming) has it; "
            + "--set \(target)=\(value.words) if these are of \(other.naming)")
      }
    }
    return sentences
  }
}

extension JSONValue {
  fileprivate var words: String { string ?? excerpt }
}
