import DVLADiagnostics
import DVLADrift
import DVLAModels

/// The drift of every stage, as it is measured.
final class GateStages {
  private let spool: DriftSpool
  private var sqnrs: [String: [Double]] = [:]
  private var cosines: [String: [Double]] = [:]
  private var counts: [Int: Int] = [:]

  init(_ spool: DriftSpool) { self.spool = spool }

  /// Compares a stage of the candidate with the reference's.
  ///
  /// - Throws: `gate.stage`, `gate.not-finite`; what reading throws.
  func compare(_ stage: Stage, of observation: Int) throws(WeightsError) {
    let (reference, candidate) = try spool.pair(stage, of: observation)
    counts[observation, default: 0] += 1
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

  /// Checks that the candidate showed every stage of the reference for an observation.
  ///
  /// - Throws: `gate.stage`.
  func requireAll(of observation: Int) throws(WeightsError) {
    let (found, expected) = (counts[observation] ?? 0, spool.stageCount(of: observation))
    guard found == expected else {
      throw WeightsError(
        .gateStage,
        "the candidate computes \(found) of the \(expected) stages that the reference computes")
    }
  }

  /// In the order of the forward.
  var drifts: [StageDrift] {
    spool.stages.compactMap { name in
      guard let sqnrs = sqnrs[name], let cosines = cosines[name] else { return nil }
      return StageDrift(name: name, sqnrs: sqnrs, cosines: cosines)
    }
  }
}
