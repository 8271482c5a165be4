public import DVLADiagnostics
import DVLAKernels
import DVLATensorMath
public import DVLATensors

/// A table of token embeddings of which only the rows asked for are read, and kept: a robot repeats
/// its instruction with every picture.
///
/// Source: the scaling is that of transformers `models/gemma/modeling_gemma.py`, `GemmaModel`.
public struct EmbeddingTable: Sendable {
  public let rows: Int
  public let width: Int
  private let source: any TensorSource
  private let info: TensorInfo
  private let scales: TensorInfo?
  private let kept = RowMemory()

  init(rows: Int, width: Int, source: any TensorSource, info: TensorInfo, scales: TensorInfo?) {
    self.rows = rows
    self.width = width
    self.source = source
    self.info = info
    self.scales = scales
  }

  /// Token ids -> [ids, width], scaled by the root of the width.
  ///
  /// - Throws: what reading throws.
  /// - Precondition: every id is below ``rows``.
  public func callAsFunction(_ ids: [Int]) throws(WeightsError) -> Tensor {
    var values = [Float](repeating: 0, count: ids.count * width)
    var places: [Int: [Int]] = [:]
    for (place, id) in ids.enumerated() { places[id, default: []].append(place) }
    let factor = Float(Double(width).squareRoot())
    for (id, places) in places.sorted(by: { $0.key < $1.key }) {
      precondition((0..<rows).contains(id), "an id of the table")
      let row = try kept.row(id) { () throws(WeightsError) in try self.row(id) }
      for place in places {
        var span = values.mutableSpan
        var target = span._mutatingExtracting(place * width..<(place + 1) * width)
        row.widen(0..<1, into: &target)
        RowKernel.multiply(&target, by: factor)
      }
    }
    return Tensor(values, shape: [ids.count, width])
  }

  private func row(_ id: Int) throws(WeightsError) -> WeightMatrix {
    let bytes = try read(info, row: id)
    guard let scales else {
      return WeightMatrix(bytes, dtype: info.dtype, rows: 1, columns: width)
    }
    return WeightMatrix(
      int8: bytes, scales: try read(scales, row: id), of: scales.dtype,
      group: width / scales.shape[1], rows: 1, columns: width)
  }

  private func read(_ info: TensorInfo, row: Int) throws(WeightsError) -> TensorBytes {
    let byteCount = info.byteCount / rows
    let bytes = try TensorBytes(byteCount: byteCount)
    do throws(WeightsError) {
      try bytes.withMutableBytes(in: 0..<byteCount) { (target) throws(WeightsError) in
        try source.read(info.name, at: row * byteCount, into: &target)
      }
    } catch { throw error.inTensor(info.name.string) }
    return bytes
  }
}
