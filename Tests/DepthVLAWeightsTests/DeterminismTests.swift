import DVLABundles
import DVLAJSON
import DVLAQuantization
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Testing

/// The same inputs and options make the same bytes.
struct DeterminismTests {
  @Test(arguments: Precision.allCases)
  func anyNumberOfThreadsMakesTheSameFile(precision: Precision) throws {
    let scratch = try ScratchFolder()
    var files: [[UInt8]] = []
    for threads in [1, 2, 5] {
      _ = try CompositionTests.compose(scratch, to: "\(threads)") {
        $0.threads = threads
        $0.recipe = .preset(precision)
        $0.keepsUnused = precision == .source
      }
      files.append(try scratch.bytes(of: "\(threads)"))
    }
    let areSame = files.allSatisfy { $0 == files[0] }
    #expect(areSame)
  }

  @Test func anyNumberOfThreadsExportsTheSameFiles() throws {
    let scratch = try ScratchFolder()
    let bundle = try convert(
      FixtureCheckpoint("paligemma/hf-hub"), to: scratch("b"), precision: .int8)
    for threads in [1, 2, 5] {
      try export(bundle, naming: "hub", to: scratch("\(threads)")) { $0.threads = threads }
    }
    let first = try scratch.bytes(of: "1/model.safetensors")
    #expect(try scratch.bytes(of: "2/model.safetensors") == first)
    #expect(try scratch.bytes(of: "5/model.safetensors") == first)
  }

  /// Drawn by Tests/python/expected_numbers.py from the documented distribution.
  @Test func drawnTensorsAreTheDocumentedNumbers() throws {
    let scratch = try ScratchFolder()
    let bundle = try CompositionTests.compose(scratch, to: "b")
    #expect(
      PrecisionTests.sha256(try bundle.array("depth.head.weight"))
        == "6d7b4b6fee45ffd17eae7ff05b41677509dca478cd513171e0d4d1b6149f2528")
    let input = try bundle.array("depth.input_proj.weight")
    let first = stride(from: 0, to: 16, by: 4).map { at in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(input[at + $1]) << (8 * $1) })
    }
    // The encoder of Depth Anything is 18 wide, so the numbers are those of another shape's start.
    #expect(
      first == [
        -0.010372924618422985, -0.016078796237707138, -0.010790100321173668,
        -0.0026373290456831455,
      ])
  }

  @Test func anotherSeedDrawsOtherNumbers() throws {
    let scratch = try ScratchFolder()
    let a = try CompositionTests.compose(scratch, to: "a")
    let b = try CompositionTests.compose(scratch, to: "b") { $0.seed = 8 }
    for name in ["depth.head.weight", "depth.input_proj.weight"] {
      #expect(try a.array(name) != b.array(name))
    }
    #expect(try a.array("vlm.norm.weight") == b.array("vlm.norm.weight"))
    #expect(a.root != b.root)
  }
}
