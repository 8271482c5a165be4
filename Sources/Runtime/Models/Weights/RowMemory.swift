import DVLADiagnostics
import DVLATensorMath
import Synchronization

/// The rows of a table that were read last.
final class RowMemory: Sendable {
  /// Some megabytes of the widest published table, and the words of many instructions.
  static let limit = 1024

  private struct Rows {
    var byID: [Int: WeightMatrix] = [:]
    /// The ids in the order in which their rows were read.
    var order: [Int] = []
  }

  private let rows = Mutex(Rows())

  /// What `read` returned for this id when it was asked for last; otherwise what it returns now.
  ///
  /// - Throws: what `read` throws; that is not kept.
  func row(
    _ id: Int, read: () throws(WeightsError) -> WeightMatrix
  ) throws(WeightsError) -> WeightMatrix {
    if let known = rows.withLock({ $0.byID[id] }) { return known }
    // Not under the lock: others need not wait for it.
    let row = try read()
    rows.withLock { rows in
      guard rows.byID.updateValue(row, forKey: id) == nil else { return }
      rows.order.append(id)
      if rows.order.count > Self.limit { rows.byID[rows.order.removeFirst()] = nil }
    }
    return row
  }
}
