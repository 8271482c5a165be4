public import DVLADiagnostics
public import DVLARemapping
import DVLASafetensors
public import DVLATensors

/// A checkpoint under the names and shapes of its family's layout, as it was published otherwise:
/// models run from it as they run from a bundle.
public struct RemappedCheckpoint: TensorSource {
  public let source: ImportedSource
  public let plan: RemapPlan
  public let tensors: [TensorInfo]
  private let positions: [TensorName: Int]
  private let readers: TensorReaders

  /// - Parameter given: what neither its shapes nor its `config.json` say.
  /// - Throws: `remap.coverage` when tensors are missing, unexpected or misshapen, and questions
  ///   that only the user can answer.
  public init(
    _ source: ImportedSource, library: ManifestLibrary, given: Configuration = Configuration()
  ) throws(WeightsError) {
    self.source = source
    plan = try RemapPlanner(
      library: library, family: source.family,
      sources: [RemapPlanner.Source(label: source.path, recognition: source.recognition)],
      given: given
    ).plan()
    let stored = try source.dequantized(.scaleType)
    var tensors: [TensorInfo] = []
    for planned in plan.tensors {
      let dtype: DType? =
        switch planned.origin {
        case .source(_, let inputs, _, _): stored.info(of: inputs[0])?.dtype
        // What the checkpoint lacks and no output depends on.
        case .initialised: .f32
        }
      guard let dtype,
        let info = TensorInfo(name: planned.name, dtype: dtype, shape: planned.shape)
      else {
        throw WeightsError(
          .remapShape, file: source.path, tensor: planned.name.string,
          "expected a tensor of the checkpoint, found none of the shape \(planned.shape)")
      }
      tensors.append(info)
    }
    self.tensors = tensors
    positions = Dictionary(
      tensors.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    let planned = plan.tensors
    readers = TensorReaders { (index) throws(WeightsError) in
      // INT8 is read as the floats that compressed-tensors makes of it.
      try TensorReader(planned[index], sources: [stored], seed: 0)
    }
  }

  public func info(of name: TensorName) -> TensorInfo? { positions[name].map { tensors[$0] } }

  public func read(
    _ name: TensorName, at offset: Int, into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    guard let index = positions[name] else {
      throw WeightsError(
        .unknownTensor, .notFound, file: source.path, tensor: name.string, "no such tensor")
    }
    let info = tensors[index]
    guard let width = info.dtype.byteWidth, offset >= 0, offset.isMultiple(of: width),
      destination.byteCount.isMultiple(of: width),
      offset <= info.byteCount, destination.byteCount <= info.byteCount - offset
    else {
      throw WeightsError(
        .tensorRange, .usage, file: source.path, tensor: name.string,
        "expected whole elements inside its \(info.byteCount) bytes, found "
          + "\(destination.byteCount) bytes at \(offset)")
    }
    try inFile(source.path) { () throws(WeightsError) in
      try readers.reader(for: index).read(
        offset / width..<(offset + destination.byteCount) / width, into: &destination)
    }
  }
}
