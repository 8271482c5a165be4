import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLAHashing
import DVLAJSON
import DVLAModels
import DVLAParity
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Synchronization
import Testing

/// Several goldens and folders of them against one model.
struct ParityCheckTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  static func golden(_ name: String) -> String {
    FixtureFolder.path("goldens/\(name).safetensors")
  }

  /// A DINOv2 that shows a final norm of zeros, and counts how often it is loaded.
  final class Counter: Sendable {
    let loads = Mutex(0)
    var runtime: ParityRuntime {
      ParityRuntime(
        loadModel: { (family, _, _, _, _) throws(WeightsError) in
          self.loads.withLock { $0 += 1 }
          return ZeroModel(family: family)
        },
        process: { _, _ in nil })
    }
  }

  struct ZeroModel: Model {
    let family: String
    let inputs = [InputDescription("pixel_values", axes: "[B, 3, H, W]")]
    func run(_ inputs: ModelInputs, trace: StageTrace) throws(WeightsError) {
      try trace.record("final_norm", Tensor(zeros: [1, 11, 22]))
    }
  }

  func check(_ paths: [String], _ counter: Counter = Counter()) throws -> ParityCheck {
    let bundle = try convert(FixtureCheckpoint("dinov2/hf"), to: scratch("b")) {
      $0.overwrite = true
    }
    return try ParitySubject(bundle, library: try Library.get()).check(
      against: paths, tolerances: .embedded(), runtime: counter.runtime, threads: 1)
  }

  func failure(_ body: () throws -> ParityCheck) -> WeightsError? {
    do {
      _ = try body()
      return nil
    } catch { return error as? WeightsError }
  }

  @Test func weightsAreLoadedOnceAndAGoldenNamedTwiceIsOne() throws {
    let counter = Counter()
    let check = try check(
      [Self.golden("dinov2_28x70"), Self.golden("dinov2_70x70"), Self.golden("dinov2_28x70")],
      counter)
    #expect(counter.loads.withLock { $0 } == 1)
    #expect(check.comparisons.map(\.stages.count) == [14, 14])
    #expect(!check.passed && check.precision == .f32)
    // 28 x 70 has 11 tokens, 70 x 70 has 26: one is compared, the other has another shape.
    let outcomes = check.comparisons.compactMap { comparison in
      comparison.stages.first { $0.name == "final_norm" }
    }
    #expect(outcomes[0].errors?.ofMaximum == 1)
    #expect(outcomes[1].errors == nil)
  }

  @Test func ofAFolderThoseAreRunThatAreForTheModel() throws {
    let check = try check([FixtureFolder.path("goldens")])
    #expect(
      check.comparisons.map(\.golden.path) == [
        Self.golden("dinov2_28x70"), Self.golden("dinov2_70x70"),
      ])
    #expect(check.skipped.count >= 12)
    #expect(
      check.skipped.first { $0.path.contains("registers_28x70") }?.reason
        .contains("another size") == true)
    #expect(
      check.skipped.first { $0.path.contains("paligemma_pad") }?.reason
        .contains("recorded from paligemma") == true)
  }

  @Test func aGoldenThatWasNamedIsNeverSkipped() throws {
    let counter = Counter()
    let error = failure {
      try check([FixtureFolder.path("goldens"), Self.golden("paligemma_pad")], counter)
    }
    #expect(error?.code == .goldenUnfit && error?.kind == .malformed)
    #expect(error?.file == Self.golden("paligemma_pad"))
    #expect(counter.loads.withLock { $0 } == 0, "told before any weights are read")
  }

  @Test func noOutputReplacesAFileOfTheCheckpoint() throws {
    let library = try Library.get()
    let file = FixtureCheckpoint("dinov2/hf").path + "/model.safetensors"
    let subject = try ParitySubject.open(file, library: library, settings: [])
    let config = FixtureCheckpoint("dinov2/hf").path + "/config.json"
    #expect(throws: WeightsError(.outputIsInput, "")) {
      try subject.protectInputs(from: config, inputs: [])
    }
    #expect(throws: WeightsError(.outputIsInput, "")) {
      try subject.protectInputs(
        from: Self.golden("dinov2_28x70"), inputs: [Self.golden("dinov2_28x70")])
    }
    try subject.protectInputs(from: Self.golden("dinov2_70x70"), inputs: [])
  }

  @Test func aFolderWithNothingForTheModelIsAnError() throws {
    try scratch.makeFolder("goldens")
    let folder = scratch("goldens")
    let absent = failure { try check([folder]) }
    #expect(absent?.kind == .notFound && absent?.file == folder)
    let bytes = try FixtureFolder.bytes("goldens/paligemma_pad.safetensors")
    try scratch.write(bytes, to: "goldens/a.safetensors")
    let unfit = failure { try check([Self.golden("dinov2_28x70"), folder]) }
    #expect(unfit?.code == .goldenUnfit && unfit?.file == folder)
    #expect(unfit?.details.count == 1)
    // A damaged one is no golden of another model.
    try scratch.write(Array(bytes.dropLast(8)), to: "goldens/b.safetensors")
    #expect(failure { try check([folder]) }?.file == folder + "/b.safetensors")
  }

  @Test func recordingTakesInputsAloneAndReplacesNoInput() throws {
    let bundle = try convert(FixtureCheckpoint("dinov2/hf"), to: scratch("b"))
    let subject = try ParitySubject(bundle, library: try Library.get())
    func record(_ golden: String, to target: String, force: Bool = false) throws {
      _ = try subject.record(
        inputsOf: golden, to: target, stages: nil, overwrite: force, runtime: Counter().runtime,
        threads: 1)
    }
    func refusal(_ body: () throws -> Void) -> WeightsError? {
      do {
        try body()
        return nil
      } catch { return error as? WeightsError }
    }
    // Inputs of a model of another size are as good as any.
    try record(Self.golden("dinov2-swiglu_28x70"), to: scratch("out"))
    let golden = try Golden(path: scratch("out"))
    #expect(golden.inputs.map(\.name) == ["pixel_values"])
    #expect(golden.stages.map(\.name) == ["final_norm"])
    #expect(golden.family == "dinov2" && golden["root"] == bundle.root.hex)
    #expect(golden["precision_class"] == "f32" && golden["tool"]?.hasPrefix("depthvla ") == true)

    for (inputs, target) in [(scratch("out"), scratch("out")), (scratch("out"), scratch("b"))] {
      let error = refusal { try record(inputs, to: target, force: true) }
      #expect(error?.code == .outputIsInput && error?.kind == .cannotCreate)
    }
    let error = refusal { try record(Self.golden("paligemma_pad"), to: scratch("other")) }
    #expect(error?.code == .goldenUnfit)
  }
}
