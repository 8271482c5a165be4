public import DVLATensors

/// The origin of every tensor of a bundle and the fate of every tensor of the sources, determined
/// from names and shapes before any weights are read.
public struct RemapPlan: Sendable {
  public let family: String
  public let configuration: Configuration
  /// The published variants that have this configuration.
  public let variants: [String]
  /// Layout tensors in bundle order, then the unused tensors that are kept for a round trip.
  public var tensors: [PlannedTensor]
  /// Every tensor of every source, in source order.
  public var ledger: [LedgerEntry]
}

/// A tensor of a bundle, and its origin.
public struct PlannedTensor: Sendable {
  public let name: TensorName
  public let shape: Shape
  public let origin: Origin
  /// Why no output depends on the tensor; nil where one does.
  public let unusedReason: String?

  public init(name: TensorName, shape: Shape, origin: Origin, unusedReason: String?) {
    self.name = name
    self.shape = shape
    self.origin = origin
    self.unusedReason = unusedReason
  }

  public enum Origin: Sendable {
    /// Output `output` of the transform over the inputs, tensors of source `source`.
    case source(Int, inputs: [TensorName], transform: Transform, output: Int)
    case initialised(InitialValue, reason: String)
  }
}

/// The fate of one tensor of a source.
public struct LedgerEntry: Sendable {
  public let source: Int
  public var tensor: TensorInfo
  public var fate: Fate

  public enum Fate: Sendable {
    /// Its elements went into these layout tensors.
    case used([TensorName])
    /// Another name of the tensor that became this layout tensor. `mustEqual`: whether a copy with
    /// different bits is an error and not a stale copy.
    case tied(to: TensorName, primary: TensorName, mustEqual: Bool)
    /// Not part of the model. `keptAs`: the name under which it is kept for a round trip.
    case dropped(reason: String, keptAs: TensorName?)
    /// Belongs to a component that is not taken from this source.
    case notTaken(component: String)
  }
}
