import DVLATensors

/// Where the stacks of a policy begin to compute other numbers when some matrices change.
struct PolicyChange {
  private(set) var vision = LayerMemory.Start.unchanged
  private(set) var depthEncoder = LayerMemory.Start.unchanged
  private(set) var vlm = LayerMemory.Start.unchanged
  private(set) var depth = LayerMemory.Start.unchanged

  init(_ changed: Set<TensorName>, in c: DepthVLAConfiguration) {
    for name in changed {
      let parts = name.string.split(separator: ".", omittingEmptySubsequences: false)
        .map(String.init)
      switch parts.first {
      case "vlm": addVLM(Array(parts.dropFirst()), c)
      case "depth": addDepth(Array(parts.dropFirst()), c)
      case "action" where Self.layer(parts, behind: ["action", "layers"]) != nil: break
      default: (vision, depthEncoder, vlm, depth) = (.whole, .whole, .whole, .whole)
      }
    }
    // What a stack is given comes before its own layers.
    if vision != .unchanged { vlm = .whole }
    if depthEncoder != .unchanged { depth = .whole }
  }

  private mutating func addVLM(_ parts: [String], _ c: DepthVLAConfiguration) {
    if let layer = Self.layer(parts, behind: ["vision_tower", "encoder", "layers"]) {
      vision.begin(at: layer)
    } else if parts.first == "multi_modal_projector" {
      vision.begin(at: c.vision.layers)
    } else if let layer = Self.layer(parts, behind: ["layers"]) {
      vlm.begin(at: layer)
    } else if parts == ["embed_tokens", "weight"] {
      vlm = .whole
    } else {
      vision = .whole
    }
  }

  private mutating func addDepth(_ parts: [String], _ c: DepthVLAConfiguration) {
    guard let expert = c.depth else { return }
    if let layer = Self.layer(parts, behind: ["encoder", "encoder", "layer"]) {
      depthEncoder.begin(at: layer)
    } else if parts.first == "input_proj" {
      depthEncoder.begin(at: expert.encoder.layers)
    } else if let layer = Self.layer(parts, behind: ["layers"]) {
      depth.begin(at: layer)
    } else {
      depthEncoder = .whole
    }
  }

  /// The number behind those components, if the name begins with them.
  private static func layer(_ parts: [String], behind scope: [String]) -> Int? {
    guard parts.count > scope.count, Array(parts[..<scope.count]) == scope else { return nil }
    return Int(parts[scope.count])
  }
}

extension LayerMemory.Start {
  /// At that layer, unless it is earlier already.
  fileprivate mutating func begin(at layer: Int) {
    switch self {
    case .whole: break
    case .at(let earlier): self = .at(min(earlier, layer))
    case .unchanged: self = .at(layer)
    }
  }
}
