import DVLADiagnostics
import DVLADrift
import DVLAModels

/// The drift of every stage, as it is measured.
final class GateStages {
  private let spool: DriftSpool
  private var sqnrs: [String: [Double]] = [:]
  private var cosines: [String: [Double]] = [:]

  init(_ spool: DriftSpool) { self.spool = spool }

  /// Compares a stage of the candidate with the reference's.
  ///
  /// - Throws: `gate.stage`, `gate.not-finite`; what reading throws.
  func compare(_ stage: Stage, of observation: Int) throws(WeightsError) {
    guard let (reference, candidate) = try spool.pair(stage, of: observation) else { return }
    var sums = DriftSums()
    sums.add(reference: reference.span, candidate: candidate.span)
    guard !sums.hasNonFinite else {
      throw WeightsError(
        .gateNotFinite,
        "the candidate computes a NaN or an infinity in the stage \(stage.name)")
    }
    sqnrs[stage.name, default: []].append(sums.sqnr)
    cosines[stage.name, default: []].append(sums.cosine)
  }

  /// In the order of the forward.
  var drifts: [StageDrift] {
    spool.stages.compactMap { name in
      guard let sqnrs = sqnrs[name], let cosines = cosines[name] else { return nil }
      return StageDrift(name: name, sqnrs: sqnrs, cosines: cosines)
    }
  }
}
