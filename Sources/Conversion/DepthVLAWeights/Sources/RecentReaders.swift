import DVLADiagnostics
import Synchronization

/// The readers of the tensors in work, shared by threads, made when first needed. Few are kept:
/// tensors are worked on in order, and a reader may hold its whole tensor.
final class RecentReaders<Reader: Sendable>: Sendable {
  private let recent = Mutex<[(tensor: Int, reader: Reader)]>([])
  private static var keptCount: Int { 2 }

  /// - Parameter make: makes the reader of a tensor that has none. The lock is held meanwhile, for
  ///   the other threads want the same reader, and each copy may hold the whole tensor.
  func reader(
    for tensor: Int, _ make: () throws(WeightsError) -> Reader
  ) throws(WeightsError) -> Reader {
    try recent.withLock { (recent) throws(WeightsError) in
      if let known = recent.first(where: { $0.tensor == tensor }) { return known.reader }
      if recent.count == Self.keptCount { recent.removeFirst() }
      let reader = try make()
      recent.append((tensor, reader))
      return reader
    }
  }
}
