import DVLABundles
public import DVLADiagnostics
import DVLAKernels
import DVLAQuantization
import DVLARemapping
import DVLATensors

/// The source elements of a block before their cast: the scratch memory of one thread.
struct CastBuffer {
  var bytes: [UInt8] = []
}

/// Makes the bytes of exported tensors, shared by threads.
final class ExportReaders: Sendable {
  private let plan: ExportPlan
  private let bundle: WeightBundle
  private let source: FullPrecisionBundle
  private let recent = RecentReaders<TransformReader>()

  init(plan: ExportPlan, bundle: WeightBundle, source: FullPrecisionBundle) {
    self.plan = plan
    self.bundle = bundle
    self.source = source
  }

  /// The bytes of a range of an exported tensor.
  func bytes(
    of index: Int, _ range: Range<Int>, _ buffer: inout CastBuffer
  ) throws(WeightsError) -> [UInt8] {
    let tensor = plan.tensors[index]
    var result = [UInt8](repeating: 0, count: range.count)
    switch tensor.content {
    case .zeros: break
    case .stored(let name):
      try result.withBytes(range.count) { (bytes) throws(WeightsError) in
        try bundle.read(name, at: range.lowerBound, into: &bytes)
      }
    case .transformed, .moved:
      let reader = try recent.reader(for: index) { () throws(WeightsError) in
        try makeReader(for: index)
      }
      guard let width = tensor.info.dtype.byteWidth, let sourceWidth = reader.dtype.byteWidth
      else {
        throw WeightsError(
          .remapDType, tensor: tensor.info.name.string,
          "\(reader.dtype.rawValue) elements are narrower than a byte")
      }
      let elements = range.lowerBound / width..<range.upperBound / width
      if reader.dtype == tensor.info.dtype {
        try result.withBytes(range.count) { (bytes) throws(WeightsError) in
          try reader.read(elements, into: &bytes)
        }
        break
      }
      buffer.bytes.grow(to: elements.count * sourceWidth)
      try buffer.bytes.withBytes(elements.count * sourceWidth) { (bytes) throws(WeightsError) in
        try reader.read(elements, into: &bytes)
      }
      try buffer.bytes.withReadOnlyBytes(elements.count * sourceWidth) {
        (source) throws(WeightsError) in
        result.withBytes(range.count) { bytes in
          ElementCast.cast(source, from: reader.dtype, to: tensor.info.dtype, into: &bytes)
        }
        try Self.requireInRange(source, reader.dtype, result, tensor.info)
      }
    }
    return result
  }

  /// Half precision ends at 65504, and BF16 a little below F32: a value beyond must not become
  /// infinite without a word.
  private static func requireInRange(
    _ source: RawSpan, _ dtype: DType, _ result: [UInt8], _ info: TensorInfo
  ) throws(WeightsError) {
    let before = FloatScan.scan(source, of: dtype)?.infinityCount ?? 0
    let after = result.withReadOnlyBytes(result.count) { FloatScan.scan($0, of: info.dtype) }
    guard let after, after.infinityCount > before else { return }
    throw WeightsError(
      .exportOverflow, tensor: info.name.string,
      "has finite values that become infinite in \(info.dtype.rawValue); a naming other than "
        + "source with --dtype f32 or bf16 keeps them")
  }

  private func makeReader(for index: Int) throws(WeightsError) -> TransformReader {
    switch plan.tensors[index].content {
    case .transformed(let inputs, let transform, let output):
      return try Self.reader(inputs, of: source, transform, output)
    case .moved(let inputs, let transform, let output):
      return try Self.reader(inputs, of: bundle, transform, output)
    case .stored, .zeros: preconditionFailure("only transformed tensors have readers")
    }
  }

  private static func reader(
    _ inputs: [TensorName], of source: any TensorSource, _ transform: Transform, _ output: Int
  ) throws(WeightsError) -> TransformReader {
    var tensors: [(source: any TensorSource, info: TensorInfo)] = []
    for name in inputs {
      guard let info = source.info(of: name) else {
        throw WeightsError(.unknownTensor, tensor: name.string, "no such tensor")
      }
      tensors.append((source, info))
    }
    return try TransformReader(inputs: tensors, transform: transform, output: output)
  }
}

extension WeightsError.Code {
  /// Finite values do not fit the type they are exported in.
  public static let exportOverflow = Self("export.overflow")
}
