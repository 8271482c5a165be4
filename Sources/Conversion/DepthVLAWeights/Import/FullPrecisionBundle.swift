import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLAQuantization
import DVLATensors

/// A bundle as its tensors were before quantization: INT8 tensors read as F32, their scales gone.
struct FullPrecisionBundle: TensorSource {
  /// An INT8 tensor of the bundle with its scales.
  struct Quantized: Sendable {
    let scales: TensorInfo
    let scheme: Int8Scheme
    /// The type it was quantized from; where it came quantized, the type its scales had.
    let from: DType
    fileprivate let rows: QuantizedRows
  }

  let bundle: WeightBundle
  let tensors: [TensorInfo]
  let quantized: [TensorName: Quantized]
  private let infos: [TensorName: TensorInfo]

  /// - Throws: `bundle.record` when an INT8 tensor has no scales, scales of another shape, or a
  ///   scheme that its shape does not allow.
  init(_ bundle: WeightBundle) throws(WeightsError) {
    self.bundle = bundle
    var tensors: [TensorInfo] = []
    var quantized: [TensorName: Quantized] = [:]
    let names = Set(bundle.tensors.map(\.name))
    for tensor in bundle.bundleTensors where !tensor.info.isScale(among: names) {
      guard let found = try Self.quantized(tensor, in: bundle) else {
        tensors.append(tensor.info)
        continue
      }
      quantized[tensor.name] = found
      guard let info = TensorInfo(name: tensor.name, dtype: .f32, shape: tensor.info.shape) else {
        throw WeightsError(
          .bundleRecord, file: bundle.path, tensor: tensor.name.string,
          "\(tensor.info.shape) overflows 63 bits as F32")
      }
      tensors.append(info)
    }
    self.tensors = tensors
    self.quantized = quantized
    infos = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  func info(of name: TensorName) -> TensorInfo? { infos[name] }

  func read(
    _ name: TensorName, at offset: Int, into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    guard let tensor = quantized[name] else {
      try bundle.read(name, at: offset, into: &destination)
      return
    }
    try tensor.rows.read(from: offset / 4, in: bundle, into: &destination)
  }

  private static func quantized(
    _ tensor: BundleTensor, in bundle: WeightBundle
  ) throws(WeightsError) -> Quantized? {
    guard tensor.info.dtype == .i8, let record = tensor.quantization?.object else { return nil }
    let scales = tensor.name.scales
    guard let info = bundle.info(of: scales), [.bf16, .f32].contains(info.dtype),
      let scheme = record["scheme"].flatMap(Int8Scheme.init),
      let from = record["from"]?.string.flatMap(DType.init)
    else {
      throw WeightsError(
        .bundleRecord, file: bundle.path, tensor: tensor.name.string,
        "is INT8, expected BF16 or F32 scales \(scales.string.quoted) and the scheme it was "
          + "quantized with")
    }
    let quantizer: Int8Quantizer
    do throws(WeightsError) {
      quantizer = try Int8Quantizer(
        tensor: tensor.name, shape: tensor.info.shape, scheme: scheme)
    } catch {
      throw WeightsError(
        .bundleRecord, file: bundle.path, tensor: tensor.name.string, error.message)
    }
    guard tensor.info.shape[1] <= Int8Quantizer.columnLimit else {
      throw WeightsError(
        .bundleRecord, file: bundle.path, tensor: tensor.name.string,
        "expected at most \(Int8Quantizer.columnLimit) columns of INT8, found "
          + "\(tensor.info.shape)")
    }
    guard quantizer.scaleShape == info.shape else {
      throw WeightsError(
        .bundleRecord, file: bundle.path, tensor: scales.string,
        "expected scales \(quantizer.scaleShape), found \(info.shape)")
    }
    let rows = try QuantizedRows(tensor.name, tensor.info.shape, scales: info, scheme: scheme)
    return Quantized(scales: info, scheme: scheme, from: from, rows: rows)
  }
}
