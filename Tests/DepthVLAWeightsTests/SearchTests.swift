import DVLABundles
import DVLADiagnostics
import DVLAGates
import DVLAImages
import DVLAJSON
import DVLAObservations
import DVLAPrecisionSearch
import DVLAQuantization
import DVLARemapping
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Testing

/// The search for the smallest bundle inside a budget, on the tiny checkpoints.
struct SearchTests {
  /// A policy to convert, and observations of it.
  struct Subject {
    let scratch: ScratchFolder
    let fixture: FixtureCheckpoint
    let source: String
    let observations: ObservationFolder

    /// - Parameter isBF16: whether the weights are cut to bfloat16, of which nothing is lost then.
    init(_ name: String = "depthvla/plain", count: Int = 3, isBF16: Bool = true) throws {
      scratch = try ScratchFolder()
      fixture = FixtureCheckpoint(name)
      if isBF16 {
        var cut = try PlainCheckpoint(fixture: name)
        for (name, tensor) in cut.tensors where tensor.dtype == "F32" {
          let bytes = tensor.bytes.enumerated().filter { $0.offset % 4 >= 2 }.map(\.element)
          cut.tensors[name] = PlainTensor("BF16", tensor.shape, bytes)
        }
        source = try cut.write(to: scratch, as: "source")
      } else {
        source = fixture.path
      }
      let pictures = try ["grey8.png", "baseline-420.jpg"].map {
        try ImageFile.read(path: FixtureFolder.path("images/" + $0))
      }
      let path = scratch("observations")
      let recorder = try ObservationRecorder(folder: path)
      for index in 0..<count {
        let noise = (0..<56).map { Float(($0 * 37 + index * 11) % 29) / 10 - 1.4 }
        recorder.record(
          try RecordedObservation(
            cameras: zip(["base", "wrist"], index == 1 ? pictures.reversed() : pictures).map {
              .init(name: $0, picture: $1)
            },
            instruction: ["pick up the red cup", "open the drawer", "close it"][index % 3],
            state: .init((0..<11).map { 0.3 * Double($0) - 1.5 + 0.1 * Double(index) }),
            noise: Tensor(noise, shape: [8, 7]), source: JSONObject(), versions: JSONObject()))
      }
      recorder.close()
      observations = try ObservationFolder(path: path)
    }

    func conversion(
      _ change: (inout ConversionOptions) -> Void = { _ in }
    ) throws -> Conversion {
      let library = try Library.get()
      var options = ConversionOptions(recipe: .preset(.source))
      options.settings = fixture.jsonSettings
      options.assets.given = [
        AssetChoice.Given(
          role: .tokenizer, family: fixture.family,
          path: FixtureFolder.path("tokenizers/tiny/tokenizer.model"))
      ]
      change(&options)
      return try Conversion(
        sources: [try ImportedSource(path: source, library: library)], options: options,
        library: library)
    }

    func search(
      _ limits: [BudgetLimit], threads: Int = 1, smallest: Bool = false, work: String? = nil,
      forwards: Int? = 300, _ progress: @escaping PrecisionSearchRun.Handler = { _ in }
    ) throws -> FoundRecipe {
      var options = SearchOptions(
        budget: Budget(leastObservations: 2, grippers: [], limits: limits))
      options.workFolder = scratch("")
      options.workPath = work
      options.forwards = forwards
      options.products = .exact
      let conversion = try conversion {
        $0.threads = threads
        $0.packing = .packed(smallest: smallest)
      }
      return try PrecisionSearchRun(
        conversion, observations: observations, options: options, progress: progress
      ).run()
    }

    @discardableResult
    func write(
      _ recipe: Recipe, _ calibration: Calibration?, to name: String, smallest: Bool = false
    ) throws -> WeightBundle {
      _ = try conversion {
        $0.recipe = recipe
        $0.calibration = calibration
        $0.packing = .packed(smallest: smallest)
      }.write(to: scratch(name))
      return try WeightBundle(path: scratch(name), check: .digest)
    }

    /// The largest share of the bound that a bundle's drift takes, measured by the gate.
    func use(_ bundle: WeightBundle, _ limits: [BudgetLimit]) throws -> GateReport {
      let reference = try WeightBundle(path: scratch("reference"), check: .digest)
      var options = GateOptions(
        budget: Budget(leastObservations: 2, grippers: [], limits: limits))
      options.workFolder = scratch("")
      options.products = .exact
      return try GateRun(
        candidate: bundle, against: reference, observations: observations, options: options
      ).run { _, _, _ in }
    }
  }

  static func worst(_ bound: Double) -> [BudgetLimit] {
    [
      BudgetLimit(.actionMaximumOfDeviation, .worst, bound: bound),
      BudgetLimit(.depthAbsRel, .mean, bound: bound),
    ]
  }

  /// What INT8 with compensated rounding everywhere uses of a bound of 1, so that other bounds can
  /// be put below it.
  func drift(_ subject: Subject) throws -> Double {
    let found = try subject.search(Self.worst(1e3))
    #expect(found.result.checkCount == 1 && found.result.choice.allSatisfy { $0 == 0 })
    return found.result.check.largest * 1e3
  }

  @Test(arguments: ["depthvla/plain", "pi0/openpi"])
  func theFoundBundlePassesAndUsesTheBudget(_ checkpoint: String) throws {
    let subject = try Subject(checkpoint)
    let limits = Self.worst(0.5 * (try drift(subject)))
    let found = try subject.search(limits)
    #expect(found.result.check.passed && found.result.check.largest <= 1)
    #expect(found.forwards <= found.forwardLimit)
    #expect(found.byteCounts.found < found.byteCounts.largest)
    #expect(found.byteCounts.found > found.byteCounts.smallest)
    try subject.write(.preset(.source), nil, to: "reference")
    let bundle = try subject.write(found.recipe, found.calibration, to: "found")
    let report = try subject.use(
      bundle, checkpoint.hasPrefix("pi0") ? [limits[0]] : limits)
    #expect(report.passed)
    // The gate finds what the search predicted of its own checks.
    for (index, judgement) in report.judgements.enumerated() {
      let share = judgement.judged / limits[index].bound
      #expect(abs(share - found.result.check.used[index].squareRoot()) < 1e-9)
    }
  }

  @Test func anyNumberOfThreadsFindsTheSame() throws {
    let subject = try Subject()
    let limits = Self.worst(0.5 * (try drift(subject)))
    let found = try subject.search(limits)
    let again = try subject.search(limits, threads: 2)
    #expect(found.json == again.json)
    #expect(found.calibration?.digest == again.calibration?.digest)
  }

  /// The file says all that a conversion needs, beside the calibration.
  @Test func theRecipeFileGivesTheSameBundle() throws {
    let subject = try Subject()
    let found = try subject.search(Self.worst(0.5 * (try drift(subject))))
    let bundle = try subject.write(found.recipe, found.calibration, to: "found")
    try found.calibration?.write(to: subject.scratch("calibration"), overwrite: false)
    let recipe = try Recipe(json: StrictJSON.parse(found.json.encoded(pretty: true)))
    let again = try subject.write(
      recipe, try Calibration(path: subject.scratch("calibration")), to: "again")
    #expect(bundle.root == again.root)
    #expect(
      try subject.scratch.bytes(of: "found") == subject.scratch.bytes(of: "again"))
    #expect(again.documents.recipe.object?["search"] == nil)
  }

  @Test func aRecipeThatNeedsACalibrationIsRefusedWithoutIt() throws {
    let subject = try Subject()
    let found = try subject.search(Self.worst(1e3))
    #expect(found.recipe.needsCalibration && found.calibration != nil)
    let error = #expect(throws: WeightsError.self) {
      try subject.write(found.recipe, nil, to: "b")
    }
    #expect(error?.code.rawValue == "quantization.calibration" && error?.kind == .usage)
    // Where the calibration is not at hand, what was lost is measured.
    let bundle = try subject.write(found.recipe, found.calibration, to: "b")
    let comparison = try compare(bundle, against: [subject.source])
    #expect(comparison.differences.isEmpty && comparison.recordDifferences.isEmpty)
  }

  @Test func aSearchThatWasInterruptedGoesOn() throws {
    let subject = try Subject()
    let limits = Self.worst(0.5 * (try drift(subject)))
    let whole = try subject.search(limits)
    struct Stop: Error {}
    let work = subject.scratch("work")
    for after in [12.0, 20.0] {
      let error = #expect(throws: WeightsError.self) {
        try subject.search(limits, work: work) { progress throws(WeightsError) in
          guard progress.done < after else {
            throw WeightsError(WeightsError.Code("test.stop"), "stopped")
          }
        }
      }
      #expect(error?.code.rawValue == "test.stop")
    }
    #expect(try !subject.scratch.bytes(of: "work").isEmpty)
    let resumed = try subject.search(limits, work: work)
    #expect(resumed.json == whole.json)
  }

  @Test func anImpossibleBudgetIsAnError() throws {
    let subject = try Subject(isBF16: false)
    let error = #expect(throws: WeightsError.self) { try subject.search(Self.worst(1e-12)) }
    #expect(error?.code.rawValue == "search.impossible" && error?.kind == .checkFailed)
  }

  @Test func onlyPoliciesCanBeSearched() throws {
    let subject = try Subject()
    let library = try Library.get()
    let fixture = FixtureCheckpoint("paligemma/hf-hub")
    var options = ConversionOptions(recipe: .preset(.source))
    options.settings = fixture.jsonSettings
    let conversion = try Conversion(
      sources: [try ImportedSource(path: fixture.path, library: library)], options: options,
      library: library)
    let error = #expect(throws: WeightsError.self) {
      try PrecisionSearchRun(
        conversion, observations: subject.observations,
        options: SearchOptions(
          budget: Budget(leastObservations: 1, grippers: [], limits: Self.worst(1))))
    }
    #expect(error?.code.rawValue == "search.family")
  }

  @Test func tooFewObservationsAreNoBasis() throws {
    let subject = try Subject(count: 1)
    let error = #expect(throws: WeightsError.self) { try subject.search(Self.worst(1)) }
    #expect(error?.code.rawValue == "gate.too-few")
  }
}
