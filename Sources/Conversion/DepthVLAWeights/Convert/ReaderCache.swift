import DVLADiagnostics
import DVLARemapping
import DVLATensors

/// The readers of a plan's layout tensors, before any conversion.
final class ReaderCache: Sendable {
  private let plan: ConversionPlan
  private let stored: [any TensorSource]
  /// The same sources, what is INT8 in them as floats.
  private let floats: [any TensorSource]
  private let seed: UInt64
  private let recent = RecentReaders<PlannedReader>()

  init(of conversion: Conversion) throws(WeightsError) {
    plan = conversion.plan
    stored = conversion.sources.map(\.checkpoint)
    var floats: [any TensorSource] = []
    for source in conversion.sources { floats.append(try source.dequantized(.scaleType)) }
    self.floats = floats
    seed = conversion.options.seed ?? 0
  }

  func reader(for planned: Int) throws(WeightsError) -> PlannedReader {
    try recent.reader(for: planned) { () throws(WeightsError) in
      try PlannedReader(
        plan.origins[planned], sources: plan.givenInt8.contains(planned) ? stored : floats,
        seed: seed)
    }
  }
}
