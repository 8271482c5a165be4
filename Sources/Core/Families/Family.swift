/// A family of models: what a checkpoint or a bundle is.
///
/// To add one: a case here, a file beside this one with its facts, and its manifests. Every
/// `switch` over families is exhaustive, so that the compiler names all other places that must know
/// it. A name that is none of these can still occur: manifests of a user may define a layout of
/// their own, which can be converted and not run.
public enum Family: String, CaseIterable, Sendable {
  // In this order families are asked for files that several of them may have.
  case paligemma
  case dinov2
  case depthAnythingV2 = "depth-anything-v2"
  case pi0
  case depthvla

  var facts: FamilyFacts {
    switch self {
    case .paligemma: .paligemma
    case .dinov2: .dinov2
    case .depthAnythingV2: .depthAnythingV2
    case .pi0: .pi0
    case .depthvla: .depthVLA
    }
  }
}

extension Family {
  /// Whether it is a policy: from pictures, an instruction and a state it predicts a chunk of
  /// actions.
  public var isPolicy: Bool { facts.isPolicy }

  /// Whether it has a depth expert, which predicts the depth that each camera sees.
  public var hasDepthExpert: Bool { facts.hasDepthExpert }

  /// Whether text is one of its inputs, so that a tokenizer belongs to it.
  public var readsText: Bool { facts.readsText }

  /// Whether it is composed of the parts of other families.
  public var isComposite: Bool { facts.isComposite }

  public static let policies = allCases.filter(\.isPolicy)

  /// Whether the name is that of a policy.
  public static func isPolicy(_ name: String) -> Bool { Family(rawValue: name)?.isPolicy ?? false }

  /// Whether the name is that of a policy with a depth expert.
  public static func hasDepthExpert(_ name: String) -> Bool {
    Family(rawValue: name)?.hasDepthExpert ?? false
  }

  /// All names, for messages: `paligemma, dinov2, …`.
  public static func list(_ families: [Family] = allCases) -> String {
    families.map(\.rawValue).joined(separator: ", ")
  }
}

/// What is true of a family wherever it occurs.
struct FamilyFacts {
  var isPolicy = false
  var hasDepthExpert = false
  var readsText = false
  var isComposite = false
}
