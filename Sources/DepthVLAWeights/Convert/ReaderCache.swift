import Diagnostics
import Remapping
import Synchronization
import TensorCore

/// The readers of the layout tensors in work, shared by threads, made when first needed. Few are
/// kept: tensors are worked on in order, and a reader may hold its whole tensor.
final class ReaderCache: Sendable {
  private let plan: ConversionPlan
  private let sources: [any TensorSource]
  private let seed: UInt64
  private let recent = Mutex<[(planned: Int, reader: PlannedReader)]>([])
  private static let keptCount = 4

  init(plan: ConversionPlan, sources: [any TensorSource], seed: UInt64) {
    self.plan = plan
    self.sources = sources
    self.seed = seed
  }

  func reader(for planned: Int) throws(WeightsError) -> PlannedReader {
    if let known = recent.withLock({ $0.first { $0.planned == planned }?.reader }) {
      return known
    }
    let reader = try PlannedReader(plan.remap.tensors[planned], sources: sources, seed: seed)
    recent.withLock { recent in
      recent.append((planned, reader))
      if recent.count > Self.keptCount { recent.removeFirst() }
    }
    return reader
  }
}
