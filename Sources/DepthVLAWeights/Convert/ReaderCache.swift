import Diagnostics
import Remapping
import TensorCore

/// The readers of a plan's layout tensors, before any conversion.
final class ReaderCache: Sendable {
  private let plan: ConversionPlan
  private let sources: [any TensorSource]
  private let seed: UInt64
  private let recent = RecentReaders<PlannedReader>()

  init(plan: ConversionPlan, sources: [any TensorSource], seed: UInt64) {
    self.plan = plan
    self.sources = sources
    self.seed = seed
  }

  func reader(for planned: Int) throws(WeightsError) -> PlannedReader {
    try recent.reader(for: planned) { () throws(WeightsError) in
      try PlannedReader(plan.remap.tensors[planned], sources: sources, seed: seed)
    }
  }
}
