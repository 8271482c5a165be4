public import DVLADiagnostics
import DVLAFamilies

/// A model of one of the families, ready to compute.
public protocol Model: Sendable {
  /// The name of the family, one of `Family`.
  var family: String { get }

  /// The inputs of the forward pass, with their axes: `pixel_values` `[B, 3, H, W]`.
  var inputs: [InputDescription] { get }

  /// Runs the forward pass and shows every stage to the trace, in the order they are computed.
  ///
  /// - Throws: `model.input` when an input is missing or not the model's, or has a shape or a value
  ///   that the model does not accept; what the trace throws.
  func run(_ inputs: ModelInputs, trace: StageTrace) throws(WeightsError)

  /// The same weights with another switch set.
  ///
  /// - Throws: `model.family` when the model has no such switch.
  func ablated(_ ablation: Ablation) throws(WeightsError) -> any Model
}

/// The switches of the paper's ablations.
public struct Ablation: Sendable, Hashable {
  /// Which tokens attend to which; nil: as the model was trained.
  public var pattern: AttentionPattern?
  /// Whether the depth expert is used.
  public var usesDepth = true

  public init() {}
}

extension Model {
  /// The same weights with another switch set.
  ///
  /// - Throws: `model.family` when the model has no such switch.
  public func ablated(_ ablation: Ablation) throws(WeightsError) -> any Model {
    guard ablation != Ablation() else { return self }
    throw WeightsError(
      .modelFamily, .usage,
      "only a \(Family.depthvla.rawValue) model has a choice of attention mask and a depth expert; "
        + "this is \(family)")
  }
}

/// One input of a model.
public struct InputDescription: Sendable, Hashable {
  public let name: String
  /// The axes, such as `[B, 3, H, W]`.
  public let axes: String
  public let isOptional: Bool

  public init(_ name: String, axes: String, isOptional: Bool = false) {
    self.name = name
    self.axes = axes
    self.isOptional = isOptional
  }
}

extension WeightsError.Code {
  /// An input is missing or not the model's, or has a shape or a value that it does not accept.
  public static let modelInput = Self("model.input")
}
