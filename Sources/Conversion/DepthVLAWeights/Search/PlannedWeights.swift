import DVLADiagnostics
import DVLAQuantization
import DVLATensors
import Synchronization

/// The tensors that a conversion would store, made from its sources when they are read: a model
/// runs from them before any bundle is written, and its numbers are those of the bundle.
final class PlannedWeights: TensorSource {
  let plan: ConversionPlan
  let tensors: [TensorInfo]
  private let path: String
  private let positions: [TensorName: Int]
  private let readers: TensorReaders
  /// The scales of tensors whose values were read last, by tensor and first row: the same work
  /// makes both.
  private let scales = Mutex<[Int: [Int: [UInt8]]]>([:])

  /// Smaller reads are of single rows, whose scales are not waited for.
  private static let leastKeptByteCount = 1 << 16
  /// Tensors whose scales are kept: as many as one layer's parts are read at the same time.
  private static let keptTensorCount = 4

  /// - Parameter plan: one of this conversion's, under any recipe.
  /// - Throws: `quantization.scheme`.
  init(_ conversion: Conversion, _ plan: ConversionPlan) throws(WeightsError) {
    self.plan = plan
    path = conversion.usedSources.first?.path ?? ""
    tensors = plan.tensors.map(\.info)
    positions = Dictionary(
      tensors.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    readers = try conversion.readers(of: plan)
  }

  func info(of name: TensorName) -> TensorInfo? { positions[name].map { tensors[$0] } }

  func read(
    _ name: TensorName, at offset: Int, into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    guard let index = positions[name] else {
      throw WeightsError(
        .unknownTensor, .notFound, file: path, tensor: name.string, "no such tensor")
    }
    let info = tensors[index]
    let (count, total) = (destination.byteCount, info.byteCount)
    guard offset >= 0, offset <= total, count <= total - offset else {
      throw WeightsError(
        .tensorRange, .usage, file: path, tensor: name.string,
        "expected a range of its \(total) bytes, found \(count) bytes at \(offset)")
    }
    let range = offset..<offset + count
    let bytes = try inFile(path) { () throws(WeightsError) in
      if case .scales = plan.tensors[index].content {
        return try scaleBytes(ofValues: index - 1, range)
      }
      return try valueBytes(index, range)
    }
    destination.copy(from: bytes, at: 0)
  }

  private func valueBytes(_ index: Int, _ range: Range<Int>) throws(WeightsError) -> [UInt8] {
    let tensor = plan.tensors[index]
    let block = try BlockEncoder().encode(
      tensor, range, from: try readers.reader(for: tensor.planned))
    if case .int8 = tensor.content, range.count >= Self.leastKeptByteCount {
      let columns = tensor.info.shape[1]
      keep(block.scales, ofRow: (range.lowerBound + columns - 1) / columns, in: index)
    }
    return block.bytes
  }

  private func keep(_ bytes: [UInt8], ofRow row: Int, in index: Int) {
    scales.withLock { scales in
      if scales[index] == nil, scales.count >= Self.keptTensorCount,
        let oldest = scales.keys.min()
      {
        scales[oldest] = nil
      }
      scales[index, default: [:]][row] = bytes
    }
  }

  private func scaleBytes(
    ofValues index: Int, _ range: Range<Int>
  ) throws(WeightsError) -> [UInt8] {
    let tensor = plan.tensors[index]
    guard case .int8(let quantizer) = tensor.content, !range.isEmpty else { return [] }
    let total = tensors[index + 1].byteCount
    if range == 0..<total, let parts = scales.withLock({ $0.removeValue(forKey: index) }) {
      let joined = parts.sorted { $0.key < $1.key }.flatMap(\.value)
      if joined.count == total { return joined }
    }
    let (columns, width) = (tensor.info.shape[1], quantizer.scaleShape[1] * 2)
    let rows = range.lowerBound / width..<(range.upperBound + width - 1) / width
    let block = try BlockEncoder().encode(
      tensor, rows.lowerBound * columns..<rows.upperBound * columns,
      from: try readers.reader(for: tensor.planned))
    let start = range.lowerBound - rows.lowerBound * width
    return Array(block.scales[start..<start + range.count])
  }
}
