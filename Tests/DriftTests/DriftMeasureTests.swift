import DVLADrift
import DVLAJSON
import DVLATensors
import DVLATestSupport
import Testing

/// What NumPy, SciPy and scikit-learn compute: `Fixtures/generate/drift_measures.py`.
enum ExpectedDrift {
  static func section(_ name: String) throws -> JSONObject {
    let document = try StrictJSON.parse(FixtureFolder.bytes("drift/expected.json"))
    return try #require(document.object?[name]?.object)
  }

  static func names(_ section: String) -> [String] {
    (try? self.section(section).members.map(\.0)) ?? []
  }
}

/// Equal but for the rounding of sums.
func isClose(_ a: Double?, _ b: Double?, tolerance: Double = 1e-12) -> Bool {
  guard let a, let b else { return a == nil && b == nil }
  return abs(a - b) <= tolerance * max(1, abs(b))
}

@Suite struct ActionDriftTests {
  /// Chunks [S, H, A] of a case.
  private func chunks(_ name: String) throws -> [[[Double]]]? {
    let file = try GoldenFile("drift/actions.safetensors")
    guard file.contains(name) else { return nil }
    let (shape, values) = (try file.shape(name), try file.doubles(name))
    return (0..<shape[0]).map { sample in
      (0..<shape[1]).map { step in
        let start = (sample * shape[1] + step) * shape[2]
        return Array(values[start..<start + shape[2]])
      }
    }
  }

  @Test(arguments: ExpectedDrift.names("actions"))
  func measuresAsNumPyDoes(name: String) throws {
    let expected = try #require(try ExpectedDrift.section("actions")[name]?.object)
    let deviations = try #require(expected["deviations"]?.array).compactMap(\.number)
    let grippers = try #require(expected["grippers"]?.array).compactMap { gripper in
      gripper.object.flatMap { object in
        object["dimension"]?.integer.flatMap { dimension in
          object["threshold"]?.number.map { (dimension: dimension, threshold: $0) }
        }
      }
    }
    let reference = try #require(try chunks("\(name).reference"))
    let candidate = try #require(try chunks("\(name).candidate"))
    let demonstrations = try chunks("\(name).demonstrations")
    let samples = try #require(expected["samples"]?.array)
    #expect(samples.count == reference.count)
    for (index, sample) in samples.enumerated() {
      let drift = ActionDrift(
        reference: reference[index], candidate: candidate[index], deviations: deviations,
        grippers: grippers)
      func agree(_ found: [Double?], _ key: String) throws {
        let wanted = try #require(sample.object?[key]?.array)
        #expect(found.count == wanted.count, "\(key)")
        for (found, wanted) in zip(found, wanted) {
          // A dimension that never changes has no share: where it moves, that is too much.
          let isOfStill = wanted == .null && found == DriftSums.unbounded
          #expect(
            isOfStill || isClose(found, wanted.number), "\(key): \(String(describing: found))")
        }
      }
      try agree(drift.maximum, "max")
      try agree(drift.rms, "rms")
      try agree(drift.maximumShares, "max_of_std")
      try agree(drift.rmsShares, "rms_of_std")
      try agree(drift.alongChunk, "along_chunk")
      #expect(
        drift.flips == sample.object?["gripper_flips"]?.array?.compactMap(\.integer))
      guard let demonstrated = demonstrations?[index] else { continue }
      let wanted = try #require(sample.object?["demonstration_l1"]?.object)
      for (actions, key) in [(reference[index], "reference"), (candidate[index], "candidate")] {
        let found = DemonstrationError.l1(
          actions, demonstrated: demonstrated, deviations: deviations)
        #expect(isClose(found, wanted[key]?.number), "\(key)")
      }
    }
  }

  @Test func aDimensionThatNeverChangedMustStay() {
    let still = ActionDrift(
      reference: [[1, 2]], candidate: [[1.5, 2 + 1e-6]], deviations: [1, 0])
    #expect(still.maximumShares == [0.5, nil] && still.rmsShares == [0.5, nil])
    let moved = ActionDrift(reference: [[1, 2]], candidate: [[1, 3]], deviations: [1, 0])
    #expect(moved.maximumShares == [0, 1e6] && moved.rmsShares == [0, 1e6])
  }

  @Test func deviationsOfRoundingAloneAreNone() {
    #expect(ActionDeviations.of([[0.1], [(0.1 as Double).nextUp], [0.1]]) == [0])
  }

  /// sqrt(((1 - 2)^2 + (3 - 2)^2) / 2) = 1, and 0 for a dimension that stays where it is.
  @Test func deviationsOfActionsAreThoseOfThePopulation() {
    #expect(ActionDeviations.of([[1, 5], [3, 5]]) == [1, 0])
  }
}

@Suite struct DepthDriftTests {
  @Test(arguments: ExpectedDrift.names("depth"))
  func measuresAsNumPyDoes(name: String) throws {
    let expected = try #require(try ExpectedDrift.section("depth")[name]?.object)
    let file = try GoldenFile("drift/depth.safetensors")
    let drift = try #require(
      DepthDrift(
        reference: try file.tensor("\(name).reference"),
        candidate: try file.tensor("\(name).candidate")))
    // Where only a factor differs, the variance of the logarithms is all rounding.
    for (found, key, tolerance) in [
      (drift.absRel, "abs_rel", 1e-12), (drift.rmse, "rmse", 1e-12),
      (drift.silog, "silog", 2e-7), (drift.delta, "delta_1_25", 0),
      (drift.edgeAbsRel, "edge_abs_rel", 1e-12), (drift.edgeBreaks, "edge_breaks", 1e-12),
    ] as [(Double?, String, Double)] {
      #expect(
        isClose(found, expected[key]?.number, tolerance: tolerance),
        "\(key): \(String(describing: found))")
    }
    #expect(drift.pixelCount == expected["pixels"]?.integer)
    #expect(drift.edgeCount == expected["edges"]?.integer)
  }

  @Test func aMapWithoutDepthHasNoDrift() {
    let nothing = Tensor([0, 0], shape: [1, 2])
    #expect(DepthDrift(reference: nothing, candidate: Tensor([1, 1], shape: [1, 2])) == nil)
  }
}

@Suite struct DriftSumsTests {
  @Test(arguments: ExpectedDrift.names("stages"))
  func measuresAsNumPyDoes(name: String) throws {
    let expected = try #require(try ExpectedDrift.section("stages")[name]?.object)
    let file = try GoldenFile("drift/stages.safetensors")
    let reference = try file.tensor("\(name).reference")
    let candidate = try file.tensor("\(name).candidate")
    var sums = DriftSums()
    // In two parts, as a long stage is read.
    let half = reference.values.count / 2
    let end = reference.values.count
    for part in [0..<half, half..<end] {
      sums.add(
        reference: reference.values.span.extracting(part),
        candidate: candidate.values.span.extracting(part))
    }
    #expect(isClose(sums.sqnr, expected["sqnr_db"]?.number ?? 200, tolerance: 1e-10))
    #expect(isClose(sums.cosine, expected["cosine"]?.number))
    #expect(isClose(sums.gain, expected["gain"]?.number))
    #expect(!sums.hasNonFinite)
  }

  @Test(arguments: [Float.nan, .infinity]) func seesWhatIsNotFinite(value: Float) {
    var sums = DriftSums()
    sums.add(reference: [1, 2].span, candidate: [1, value].span)
    #expect(sums.hasNonFinite && !sums.isEqual)
  }

  @Test func aReferenceOfZerosHasTheWorstOfEverything() {
    var sums = DriftSums()
    sums.add(reference: [0, 0].span, candidate: [0, 1].span)
    #expect(sums.sqnr == -200 && sums.cosine == 0 && sums.gain == 1e6)
  }
}

@Suite struct BootstrapTests {
  @Test(arguments: ExpectedDrift.names("observations"))
  func intervalsAreNumPys(name: String) throws {
    let expected = try #require(try ExpectedDrift.section("observations")[name]?.object)
    let values = try #require(expected["values"]?.array).map { observation in
      (observation.array ?? []).compactMap(\.number)
    }
    let means = values.map { $0.reduce(0, +) / Double($0.count) }
    let (low, high) = Bootstrap.interval(ofMean: means)
    let wanted = try #require(expected["interval"]?.array).compactMap(\.number)
    #expect(isClose(low, wanted[0]) && isClose(high, wanted[1]), "\(low) to \(high)")
    let sorted = values.joined().sorted()
    let percents = try #require(
      StrictJSON.parse(FixtureFolder.bytes("drift/expected.json")).object?["percentiles"]?.array)
    for (percent, wanted) in zip(
      percents.compactMap(\.number),
      try #require(expected["percentiles_of_samples"]?.array).compactMap(\.number))
    {
      #expect(isClose(Percentile.value(percent, ofSorted: sorted), wanted), "\(percent)")
    }
  }
}

@Suite struct StageDriftTests {
  private func stages(_ sqnrs: [Double]) -> [StageDrift] {
    sqnrs.enumerated().map { StageDrift(name: "\($0)", sqnrs: [$1, 200], cosines: [0.9, 1]) }
  }

  /// Rounding to 8 bits, layer by layer, and then a wrong weight or a wrong picture.
  @Test func theFirstStageIsWhereErrorsGrowAtOnce() {
    #expect(StageDrift.first(of: stages([53, 39, 36, 33, 29, 26])) == nil)
    #expect(StageDrift.first(of: stages([53, 39, 36, 23, 12]))?.name == "3")
    #expect(StageDrift.first(of: stages([2, 1, 0]))?.name == "0")
    #expect(StageDrift.first(of: stages([200, 200, 9]))?.name == "2")
    #expect(StageDrift.first(of: stages([200, 200])) == nil)
  }

  @Test func whatIsEqualHasNoRatio() {
    let equal = StageDrift(name: "a", sqnrs: [200, 200], cosines: [1, 1])
    #expect(equal.meanSQNR == nil && equal.worstSQNR == nil && equal.worstCosine == 1)
    let other = StageDrift(name: "a", sqnrs: [20, 40], cosines: [0.9, 1])
    #expect(other.meanSQNR == 30 && other.worstSQNR == 20 && other.worstCosine == 0.9)
  }
}
