public import DVLATensors

/// What one forward of a policy computed on its way, so that another for the same observation, with
/// other weights in some matrices, computes only what these change. The numbers are the same, bit
/// for bit, as those of a whole forward.
///
/// Under the block mask VLM and depth tokens never see the actions. So a change in a layer of the
/// VLM begins at that layer, one in a layer of the depth expert at that, and one in the action
/// expert recomputes the steps alone, which are always recomputed. Under the full mask the encoders
/// are reused, and nothing else.
public struct ForwardMemory: Sendable {
  var vision = LayerMemory()
  var depthEncoder = LayerMemory()
  var vlm = LayerMemory()
  var depth = LayerMemory()
  /// By layer, the keys and values of VLM tokens and of depth tokens.
  var vlmKeyValues: [KeyValues] = []
  var depthKeyValues: [KeyValues] = []
  /// The depth expert's tokens after the final norm.
  var depthFinal: Tensor?
  private let byteLimit: Int
  private(set) var isKeeping: Bool

  /// A memory that is empty and stays so.
  public init() { (byteLimit, isKeeping) = (0, false) }

  /// An empty memory that a forward fills.
  ///
  /// - Parameter byteLimit: of the tokens before layers. Where there are more, those of every
  ///   second layer are dropped, then those of three in four, and so on down to the first: a later
  ///   run begins earlier.
  public init(keeping byteLimit: Int) {
    (self.byteLimit, isKeeping) = (byteLimit, true)
    for stack in Self.stacks { self[keyPath: stack].isKeeping = true }
  }

  private static var stacks: [WritableKeyPath<ForwardMemory, LayerMemory>] {
    [\.vision, \.depthEncoder, \.vlm, \.depth]
  }

  /// Bytes of the tokens before layers.
  public var byteCount: Int { Self.stacks.reduce(0) { $0 + self[keyPath: $1].byteCount } }

  /// Drops tokens until the rest is within the limit.
  mutating func trim() {
    guard isKeeping else { return }
    var stride = 1
    while byteCount > byteLimit, stride < 1 << 16 {
      stride *= 2
      for stack in Self.stacks { self[keyPath: stack].thin(to: stride) }
    }
  }

  /// The memory as a run finds it whose weights differ in some matrices from those of the run that
  /// filled it.
  ///
  /// - Parameter changed: as ``DepthVLA/reloading(_:from:)`` takes them. With any other tensor
  ///   among them everything that may depend on it is computed again.
  public func resuming(
    after changed: Set<TensorName>, in configuration: DepthVLAConfiguration
  ) -> ForwardMemory {
    precondition(isKeeping, "a memory that a forward has filled")
    let change = PolicyChange(changed, in: configuration)
    var result = self
    result.isKeeping = false
    for stack in Self.stacks { result[keyPath: stack].isKeeping = false }
    result.vision.start = change.vision
    result.depthEncoder.start = change.depthEncoder
    result.vlm.start = change.vlm
    result.depth.start = change.depth
    return result
  }
}
