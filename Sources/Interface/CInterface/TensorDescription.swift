import DVLACDepthVLA
import DVLADiagnostics
import DVLATensors

/// Tensors as C sees them: names, types and shapes that stay where they are.
final class TensorDescriptions: Sendable {
  private struct Row {
    let name, dtype: CText
    let extents: CExtents
    let byteCount: Int
    /// Keeps the memory that it names.
    let resident: TensorBytes?
    let tiedTo: Int
  }

  private let rows: [Row]

  /// - Parameters:
  ///   - resident: the bytes of the tensor with that index, if they are in memory.
  ///   - tiedTo: for each tensor, that with which it shares memory; nil: none does.
  init(_ tensors: [TensorInfo], tiedTo: [Int]? = nil, resident: (Int) -> TensorBytes?) {
    var dtypes: [DType: CText] = [:]
    var rows: [Row] = []
    rows.reserveCapacity(tensors.count)
    for (index, info) in tensors.enumerated() {
      let dtype = dtypes[info.dtype] ?? CText(info.dtype.rawValue)
      dtypes[info.dtype] = dtype
      rows.append(
        Row(
          name: CText(info.name.string), dtype: dtype, extents: CExtents(info.shape),
          byteCount: info.byteCount, resident: resident(index), tiedTo: tiedTo?[index] ?? index))
    }
    self.rows = rows
  }

  var count: Int { rows.count }

  /// - Throws: `tensor.unknown`.
  func check(_ index: Int) throws(WeightsError) {
    guard rows.indices.contains(index) else {
      throw WeightsError(
        .unknownTensor, .notFound,
        "expected the index of a tensor, below \(rows.count), found \(index)")
    }
  }

  /// - Throws: `tensor.unknown`, `argument.null`, `structure.size`.
  func describe(
    _ index: Int, in target: UnsafeMutablePointer<dvla_tensor>?
  ) throws(WeightsError) {
    try check(index)
    try unsafe fill(target, "tensor") { (tensor) throws(WeightsError) in
      unsafe describe(index, &tensor)
    }
  }

  /// - Precondition: the index is that of a tensor.
  func describe(_ index: Int, _ tensor: inout dvla_tensor) {
    let row = rows[index]
    unsafe tensor.name = row.name.pointer
    unsafe tensor.dtype = row.dtype.pointer
    unsafe tensor.shape = row.extents.pointer
    unsafe tensor.rank = row.extents.count
    unsafe tensor.byte_count = UInt64(row.byteCount)
    unsafe tensor.resident = resident(index)
    unsafe tensor.tied_to = row.tiedTo
  }

  /// Where a tensor lies in memory.
  func resident(_ index: Int) -> UnsafeRawPointer? {
    // The address outlives the closure, since the row keeps the memory.
    unsafe rows[index].resident?.withBytes { unsafe $0.withUnsafeBytes { $0.baseAddress } }
  }
}
