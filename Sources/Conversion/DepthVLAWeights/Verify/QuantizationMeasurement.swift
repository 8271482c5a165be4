import DVLABundles
import DVLADiagnostics
import DVLAKernels
import DVLAParallelism
import DVLAQuantization
import DVLARemapping
import DVLATensors

/// How far the tensors of a bundle that came quantized are from those of a source that is not.
///
/// A quantized checkpoint does not say what quantization lost; where the checkpoint from before
/// quantization is at hand, the loss is measured against it.
struct QuantizationMeasurement {
  /// Bundle tensors that are measured, and not made again; scales go with their values.
  private let measured: Set<TensorName>
  private let conversion: Conversion

  /// - Throws: `bundle.record` as ``FullPrecisionBundle``.
  init(_ bundle: WeightBundle, against conversion: Conversion) throws(WeightsError) {
    self.conversion = conversion
    let plan = conversion.plan
    var given: Set<TensorName> = []
    for tensor in bundle.bundleTensors
    where tensor.info.dtype == .i8 && Int8Scheme.isGiven(tensor.quantization) {
      given.insert(tensor.name)
    }
    var measured: Set<TensorName> = []
    for (index, planned) in plan.remap.tensors.enumerated()
    where given.contains(planned.name) && !plan.givenInt8.contains(index) {
      measured.insert(planned.name)
    }
    let hasGiven = !measured.isEmpty
    // How its errors make up for each other was decided by a calibration that is not at hand.
    for tensor in plan.tensors {
      if case .int8(let quantizer) = tensor.content, quantizer.lacksFactors {
        measured.insert(tensor.info.name)
      }
    }
    // Tensors beside them may have been rounded by the same tool.
    if hasGiven {
      for tensor in plan.tensors {
        guard case .values = tensor.content, let info = bundle.info(of: tensor.info.name),
          info.dtype != tensor.info.dtype, info.shape == tensor.info.shape,
          info.dtype.isConvertibleFloat, tensor.sourceDType.isConvertibleFloat
        else { continue }
        measured.insert(tensor.info.name)
      }
    }
    self.measured = measured
  }

  var isEmpty: Bool { measured.isEmpty }

  /// Whether the tensor of the bundle or of the plan is measured, or scales of one that is.
  func covers(_ name: TensorName) -> Bool {
    measured.contains(name) || name.valuesOfScales.map(measured.contains) ?? false
  }

  /// Measures the tensors that came quantized.
  ///
  /// - Returns: their rows, and those of their scales.
  /// - Throws: what reading throws.
  func measure(
    _ bundle: WeightBundle, _ readers: TensorReaders
  ) throws(WeightsError) -> [TensorName: BundleComparison.Row] {
    guard !measured.isEmpty else { return [:] }
    let floats = try FullPrecisionBundle(bundle)
    var result: [TensorName: BundleComparison.Row] = [:]
    for tensor in conversion.plan.tensors where measured.contains(tensor.info.name) {
      let error = try error(of: tensor, in: floats, try readers.reader(for: tensor.planned))
      for name in [tensor.info.name, tensor.info.name.scales]
      where bundle.info(of: name) != nil {
        result[name] = BundleComparison.Row(
          name: name, outcome: .measured, error: name == tensor.info.name ? error : nil)
      }
    }
    return result
  }

  private static let sliceElementCount = 1 << 18

  private func error(
    of tensor: StoredTensor, in floats: FullPrecisionBundle, _ reader: TensorReader
  ) throws(WeightsError) -> QuantizationError {
    let name = tensor.info.name
    guard let info = floats.info(of: name), let width = info.dtype.byteWidth,
      let sourceWidth = tensor.sourceDType.byteWidth
    else { throw WeightsError(.unknownTensor, tensor: name.string, "no such tensor") }
    var errors = ErrorSums()
    var start = 0
    while start < info.shape.elementCount {
      let range = start..<min(start + Self.sliceElementCount, info.shape.elementCount)
      var source = [UInt8](repeating: 0, count: range.count * sourceWidth)
      var found = [UInt8](repeating: 0, count: range.count * width)
      try source.withBytes(source.count) { (bytes) throws(WeightsError) in
        try reader.read(range, into: &bytes)
      }
      try found.withBytes(found.count) { (bytes) throws(WeightsError) in
        try floats.read(name, at: range.lowerBound * width, into: &bytes)
      }
      let x = Self.widened(source, tensor.sourceDType, range.count)
      let y = Self.widened(found, info.dtype, range.count)
      x.withReadOnlyBytes(x.count) { x in
        y.withReadOnlyBytes(y.count) { y in
          errors.addRows(x, y, rows: 1, columns: range.count)
        }
      }
      start = range.upperBound
    }
    return QuantizationError(errors)
  }

  private static func widened(_ bytes: [UInt8], _ dtype: DType, _ count: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: count * 4)
    result.withBytes(count * 4) { result in
      bytes.withReadOnlyBytes(bytes.count) {
        ElementCast.cast($0, from: dtype, to: .f32, into: &result)
      }
    }
    return result
  }
}
