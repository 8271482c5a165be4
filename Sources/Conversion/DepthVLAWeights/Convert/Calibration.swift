public import DVLADiagnostics
import DVLAFiles
public import DVLAHashing
public import DVLAQuantization
import DVLASafetensors
public import DVLATensors

/// How errors of rounding make up for each other in each matrix, as a calibration run found it: a
/// recipe with compensated rounding gives a bundle only with it.
///
/// As a file it is safetensors with two tensors for each matrix `X.weight`: `X.weight.order`, U8
/// [inputs], and `X.weight.factors`, F32 (``CompensationFactors``); and the metadata
/// `format = depthvla-calibration` and `version = 1`.
public struct Calibration: Sendable {
  /// By matrix.
  public let factors: [TensorName: CompensationFactors]
  /// SHA-256 of the file.
  public let digest: Digest

  private static let format = [
    (key: "format", value: "depthvla-calibration"), (key: "version", value: "1"),
  ]
  private static let orderSuffix = ".order"
  private static let factorSuffix = ".factors"

  /// - Throws: `safetensors.*` for more than a file holds.
  public init(_ factors: [TensorName: CompensationFactors]) throws(WeightsError) {
    self.factors = factors
    var hash = SHA256()
    try Self.write(factors) { (bytes) throws(WeightsError) in hash.update(bytes) }
    digest = hash.finalize()
  }

  /// Reads a file.
  ///
  /// - Throws: `file.*`, `safetensors.*`; `quantization.calibration` for anything but what
  ///   ``write(to:overwrite:)`` writes.
  public init(path: String) throws(WeightsError) {
    let file = try SafetensorsFile(path: path)
    func refusal(_ tensor: TensorName?, _ words: String) -> WeightsError {
      WeightsError(.quantizationCalibration, file: path, tensor: tensor?.string, words)
    }
    let metadata = file.header.metadata ?? []
    guard metadata.count == Self.format.count,
      zip(metadata, Self.format).allSatisfy({ $0.key == $1.key && $0.value == $1.value })
    else {
      throw refusal(nil, "is no calibration: expected the file that was written with the recipe")
    }
    var factors: [TensorName: CompensationFactors] = [:]
    for order in file.tensors where order.name.string.hasSuffix(Self.orderSuffix) {
      let name = String(order.name.string.dropLast(Self.orderSuffix.count))
      guard order.dtype == .u8, order.shape.rank == 1,
        let matrices = file.info(of: TensorName(name + Self.factorSuffix)),
        matrices.dtype == .f32, matrices.shape.rank == 1
      else { throw refusal(order.name, "expected U8 [inputs] beside F32 factors") }
      let bytes = try file.bytes(of: matrices.name)
      let values = stride(from: 0, to: bytes.count, by: 4).map { start in
        Float(bitPattern: UInt32(bytes: bytes[start..<start + 4], .littleEndian))
      }
      do throws(WeightsError) {
        factors[TensorName(name)] = try CompensationFactors(
          columns: order.shape[0], order: try file.bytes(of: order.name), factors: values)
      } catch { throw error.inFile(path).inTensor(name) }
    }
    guard factors.count * 2 == file.tensors.count else {
      throw refusal(nil, "holds tensors that are no part of a calibration")
    }
    try self.init(factors)
  }

  /// Writes the file, which appears whole or not at all.
  ///
  /// - Throws: `file.*`.
  public func write(to path: String, overwrite: Bool) throws(WeightsError) {
    try file(at: path, overwrite: overwrite).commit()
  }

  /// The file, written but without its name.
  ///
  /// - Throws: `file.*`.
  func file(at path: String, overwrite: Bool) throws(WeightsError) -> AtomicOutputFile {
    let file = try AtomicOutputFile(path: path, overwrite: overwrite)
    var end = 0
    try Self.write(factors) { (bytes) throws(WeightsError) in
      // The bytes of an array of integers are always initialised.
      try file.write(unsafe bytes.span.bytes, at: end)
      end += bytes.count
    }
    return file
  }

  /// The file, part by part.
  private static func write(
    _ factors: [TensorName: CompensationFactors], _ part: ([UInt8]) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    let all = factors.sorted { $0.key < $1.key }
    let entries = all.flatMap { name, factors in
      [
        (
          name: TensorName(name.string + factorSuffix), dtype: DType.f32,
          shape: [factors.factors.count] as Shape
        ),
        (
          name: TensorName(name.string + orderSuffix), dtype: DType.u8,
          shape: [factors.columns] as Shape
        ),
      ]
    }
    try part(
      try SafetensorsHeaderWriter.headerBytes(entries: entries, metadata: format).bytes)
    for (_, factors) in all {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(factors.factors.count * 4)
      for value in factors.factors { bytes.append(value.bitPattern, .littleEndian) }
      try part(bytes)
      try part(factors.order)
    }
  }
}

extension Conversion {
  /// - Throws: `quantization.calibration` where the recipe needs a calibration that is not there.
  func requireCalibration() throws(WeightsError) {
    for tensor in plan.tensors {
      guard case .int8(let quantizer) = tensor.content, quantizer.lacksFactors else { continue }
      guard options.calibration == nil else {
        throw WeightsError(
          .quantizationCalibration, tensor: tensor.info.name.string,
          "the calibration has nothing of this tensor, which the recipe needs it for")
      }
      throw WeightsError(
        .quantizationCalibration, .usage, tensor: tensor.info.name.string,
        "the recipe rounds it so that errors make up for each other; give the calibration that "
          + "was written with the recipe")
    }
  }
}
