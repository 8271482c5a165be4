public import DVLATensors

/// Which tensor comes from where: everything `convert` will do, decided from names and shapes
/// before a byte is read.
public struct RemapPlan: Sendable {
  public let family: String
  public let configuration: Configuration
  /// Published variants that the configuration fits.
  public let variants: [String]
  /// Layout tensors in bundle order, then the unused ones that a round trip keeps.
  public var tensors: [PlannedTensor]
  /// Every tensor of every source, in source order.
  public var ledger: [LedgerEntry]
}

public struct PlannedTensor: Sendable {
  public let name: TensorName
  public let shape: Shape
  public let origin: Origin
  /// Why no output depends on the tensor, where none does.
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

/// What became of one tensor of a source.
public struct LedgerEntry: Sendable {
  public let source: Int
  public var tensor: TensorInfo
  public var fate: Fate

  public enum Fate: Sendable {
    /// Its elements went into these layout tensors.
    case used([TensorName])
    /// Another name of the tensor that became this layout tensor. `mustEqual`: a copy with other
    /// bits is an error, not a stale copy.
    case tied(to: TensorName, primary: TensorName, mustEqual: Bool)
    /// Not part of what is built. `keptAs`: the name under which a round trip keeps it.
    case dropped(reason: String, keptAs: TensorName?)
    /// Belongs to a component that is not taken from this source.
    case notTaken(component: String)
  }
}
