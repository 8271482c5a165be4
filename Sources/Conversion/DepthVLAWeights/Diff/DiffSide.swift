import DVLABundles
import DVLADiagnostics
import DVLARemapping
import DVLASafetensors
import DVLATensors

/// One side of a comparison: tensors under names that the other side shares.
struct DiffSide: Sendable {
  let path: String
  let tensors: [TensorInfo]
  /// Nil for a checkpoint of no known model: what lies beside it may belong to anything.
  let assets: [DiffAsset]?
  private let content: [TensorName: Content]
  /// Nil for a bundle, whose chunks are checked as they are read.
  private let checkpoint: Checkpoint?

  private enum Content: Sendable {
    case stored(any TensorSource)
    case transformed(PlannedTensor, any TensorSource)
  }

  /// The bundle's tensors, quantized ones as F32.
  init(_ bundle: WeightBundle) throws(WeightsError) {
    let source = try FullPrecisionBundle(bundle)
    path = bundle.path
    checkpoint = nil
    tensors = source.tensors
    assets = try DiffAsset.assets(of: bundle)
    content = Dictionary(
      source.tensors.map { ($0.name, .stored(source)) }, uniquingKeysWith: { first, _ in first })
  }

  /// The checkpoint's tensors under their own names.
  init(_ checkpoint: Checkpoint, assets: [DiffAsset]?) {
    path = checkpoint.path
    self.checkpoint = checkpoint
    tensors = checkpoint.tensors
    self.assets = assets
    content = Dictionary(
      checkpoint.tensors.map { ($0.name, .stored(checkpoint)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The checkpoint's tensors under the names of the layout, quantized ones as F32.
  ///
  /// - Throws: `quantization.scheme`.
  init(
    _ checkpoint: Checkpoint, _ quantization: SourceQuantization, plan: RemapPlan,
    assets: [DiffAsset]?
  ) throws(WeightsError) {
    path = checkpoint.path
    self.checkpoint = checkpoint
    let source: any TensorSource =
      quantization.scales.isEmpty
      ? checkpoint : try DequantizedCheckpoint(checkpoint, quantization, rounding: .f32)
    var tensors: [TensorInfo] = []
    var content: [TensorName: Content] = [:]
    for planned in plan.tensors {
      guard case .source(_, let inputs, _, _) = planned.origin,
        let input = inputs.first.flatMap({ source.info(of: $0) }),
        let info = TensorInfo(name: planned.name, dtype: input.dtype, shape: planned.shape)
      else { continue }
      tensors.append(info)
      content[planned.name] = .transformed(planned, source)
    }
    self.tensors = tensors
    self.assets = assets
    self.content = content
  }

  /// - Throws: `file.changed` when a file of a checkpoint was written to since it was opened.
  func checkUnchanged() throws(WeightsError) { try checkpoint?.checkUnchanged() }

  /// A reader of elements of the tensor, in its own type.
  func reader(of info: TensorInfo) throws(WeightsError) -> TransformReader {
    switch content[info.name] {
    case .stored(let source):
      try TransformReader(
        inputs: [(source, info)], transform: .identity(info.shape), output: 0)
    case .transformed(let planned, let source):
      try Self.reader(planned, source)
    case nil:
      throw WeightsError(.unknownTensor, file: path, tensor: info.name.string, "no such tensor")
    }
  }

  private static func reader(
    _ planned: PlannedTensor, _ source: any TensorSource
  ) throws(WeightsError) -> TransformReader {
    guard case .source(_, let inputs, let transform, let output) = planned.origin else {
      preconditionFailure("only tensors from the checkpoint are compared")
    }
    var tensors: [(source: any TensorSource, info: TensorInfo)] = []
    for input in inputs {
      if let info = source.info(of: input) { tensors.append((source, info)) }
    }
    return try TransformReader(inputs: tensors, transform: transform, output: output)
  }
}
