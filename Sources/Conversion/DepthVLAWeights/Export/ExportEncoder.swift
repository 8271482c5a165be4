import DVLABundles
public import DVLADiagnostics
import DVLAKernels
import DVLAQuantization
import DVLARemapping
import DVLATensors

/// Makes the bytes of exported tensors, shared by threads: read, transformed, and cast to the type
/// that is written.
struct ExportEncoder: Sendable {
  private let plan: ExportPlan
  private let bundle: WeightBundle
  private let readers: TensorReaders

  init(plan: ExportPlan, bundle: WeightBundle, source: FullPrecisionBundle) {
    self.plan = plan
    self.bundle = bundle
    readers = TensorReaders { (index) throws(WeightsError) in
      switch plan.tensors[index].content {
      case .transformed(let inputs, let transform, let output):
        return try TensorReader(inputs, of: source, transform, output: output)
      case .moved(let inputs, let transform, let output):
        return try TensorReader(inputs, of: bundle, transform, output: output)
      case .stored, .zeros: preconditionFailure("only transformed tensors have readers")
      }
    }
  }

  /// Fills `target` with the bytes of an exported tensor that start at `start`. Bytes that are
  /// stored as they are exported are unpacked straight into it.
  ///
  /// - Parameter buffer: holds the elements before their cast; the scratch memory of one thread.
  /// - Throws: `export.overflow`, `remap.dtype`; what reading throws.
  func fill(
    _ target: inout MutableRawSpan, from start: Int, of index: Int, _ buffer: inout [UInt8]
  ) throws(WeightsError) {
    let tensor = plan.tensors[index]
    let range = start..<start + target.byteCount
    switch tensor.content {
    case .zeros: target.fillWithZeros()
    case .stored(let name): try bundle.read(name, at: start, into: &target)
    case .transformed, .moved:
      let reader = try readers.reader(for: index)
      guard let width = tensor.info.dtype.byteWidth, let sourceWidth = reader.dtype.byteWidth
      else {
        throw WeightsError(
          .remapDType, tensor: tensor.info.name.string,
          "\(reader.dtype.rawValue) elements are narrower than a byte")
      }
      let elements = range.lowerBound / width..<range.upperBound / width
      if reader.dtype == tensor.info.dtype {
        try reader.read(elements, into: &target)
        break
      }
      buffer.grow(to: elements.count * sourceWidth)
      try buffer.withBytes(elements.count * sourceWidth) { (bytes) throws(WeightsError) in
        try reader.read(elements, into: &bytes)
      }
      try buffer.withReadOnlyBytes(elements.count * sourceWidth) {
        (source) throws(WeightsError) in
        ElementCast.cast(source, from: reader.dtype, to: tensor.info.dtype, into: &target)
        try Self.requireInRange(source, reader.dtype, target.bytes, tensor.info)
      }
    }
  }

  /// Half precision ends at 65504, and BF16 a little below F32: a value beyond must not become
  /// infinite silently.
  private static func requireInRange(
    _ source: RawSpan, _ dtype: DType, _ result: RawSpan, _ info: TensorInfo
  ) throws(WeightsError) {
    let before = FloatScan.scan(source, of: dtype)?.infinityCount ?? 0
    guard let after = FloatScan.scan(result, of: info.dtype), after.infinityCount > before else {
      return
    }
    throw WeightsError(
      .exportOverflow, tensor: info.name.string,
      "has finite values that become infinite in \(info.dtype.rawValue)",
      remedies: [.chooseNaming(dtypes: ["f32", "bf16"])])
  }
}

extension WeightsError.Code {
  /// Finite values do not fit the type they are exported in.
  public static let exportOverflow = Self("export.overflow")
}
